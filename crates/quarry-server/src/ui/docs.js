"use strict";
// Renders /openapi.json: operations by tag, their parameters, bodies and responses, and a form to try each.
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};
const text = (tag, textContent, className = "") => make(tag, { textContent, className });
let api = null;

// Code marks of the descriptions become code elements; nothing else of Markdown is used there.
const prose = (words, tag = "p", className = "about") =>
  make(tag, { className }, ...(words || "").split(/(`[^`]+`)/).map((part) => part.startsWith("`") ? text("code", part.slice(1, -1)) : part));

const resolve = (schema) => schema && schema.$ref ? { name: schema.$ref.split("/").pop(), ...api.components.schemas[schema.$ref.split("/").pop()] } : schema || {};

function nameOf(schema) {
  if (!schema) return "any";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const options = schema.oneOf || schema.anyOf || schema.allOf;
  if (options) return options.map(nameOf).filter((name) => name !== "null").join(" or ");
  const types = [].concat(schema.type || "any").filter((type) => type !== "null");
  if (types[0] === "array") return `list of ${nameOf(schema.items)}`;
  return schema.format ? `${types.join(" or ")} (${schema.format})` : types.join(" or ");
}

// Follows lists and optional values to the object that has fields.
function inner(schema) {
  if (!schema) return null;
  if (schema.$ref) return inner(resolve(schema));
  if (schema.items) return inner(schema.items);
  if (schema.properties) return schema;
  const options = schema.oneOf || schema.anyOf || schema.allOf || [];
  const withFields = options.filter((option) => option.type !== "null").map(inner).filter(Boolean);
  if (!withFields.length) return null;
  return {
    properties: Object.assign({}, ...withFields.map((one) => one.properties)),
    required: schema.allOf ? withFields.flatMap((one) => one.required || []) : withFields.length === 1 ? withFields[0].required : [],
  };
}

function fields(schema, depth = 0) {
  const shape = inner(schema);
  if (!shape || depth > 4) return null;
  const needed = new Set(shape.required || []);
  return make("div", { className: "fields" }, ...Object.entries(shape.properties).map(([name, field]) => {
    const choices = resolve(field).enum || (field.oneOf || []).flatMap((option) => resolve(option).enum || []);
    const about = field.description || resolve(field).description;
    const head = [text("code", name), text("span", nameOf(field), "type"), needed.has(name) ? text("span", "required", "needed") : null];
    const tail = [about ? prose(about, "span") : null, choices.length ? text("span", `one of ${choices.join(", ")}`, "about") : null];
    const below = inner(field);
    if (!below) return make("div", {}, ...head, ...tail);
    const details = make("details", {}, make("summary", {}, ...head), ...tail);
    // Filled when opened: filters contain filters.
    details.addEventListener("toggle", () => { if (details.open && !details.dataset.full) { details.dataset.full = "1"; const more = fields(field, depth + 1); if (more) details.append(more); } });
    return make("div", {}, details);
  }));
}

function example(schema, depth = 0) {
  const known = resolve(schema);
  if (known.example !== undefined) return known.example;
  if (known.examples) return known.examples[0];
  if (known.enum) return known.enum[0];
  const options = known.oneOf || known.anyOf;
  if (options) return example(options.find((option) => option.type !== "null"), depth + 1);
  const shape = depth < 3 ? inner(known) : null;
  const type = [].concat(known.type)[0];
  if (type === "array") return [];
  if (shape) return Object.fromEntries(Object.entries(shape.properties).filter(([name]) => (shape.required || []).includes(name)).map(([name, field]) => [name, example(field, depth + 1)]));
  return { string: "", integer: 1, number: 0, boolean: false }[type] ?? {};
}

function contents(title, content) {
  return Object.entries(content || {}).flatMap(([kind, { schema }]) => {
    const about = schema && schema.$ref ? resolve(schema).description : null;
    return [text("h4", `${title} · ${kind}${schema && schema.$ref ? ` · ${nameOf(schema)}` : ""}`), about ? prose(about) : null, fields(schema)];
  });
}

function trial(method, path, operation) {
  const inputs = (operation.parameters || []).map((parameter) => {
    const input = make("input", { placeholder: parameter.required ? "required" : "" });
    return { parameter, input, label: make("label", {}, text("code", parameter.name), input) };
  });
  const content = (operation.requestBody || {}).content || {};
  const json = content["application/json"];
  const body = json ? make("textarea", { value: JSON.stringify(example(json.schema), null, 2), spellcheck: false }) : null;
  const file = content["multipart/form-data"] ? make("input", { type: "file", multiple: true }) : null;
  const button = text("button", "Send");
  const out = make("pre", { hidden: true });
  button.onclick = async () => {
    button.disabled = true;
    try { out.textContent = await run(method, path, inputs, body, file); } catch (error) { out.textContent = String(error); }
    out.hidden = false;
    button.disabled = false;
  };
  return make("div", { className: "try" }, text("h4", "Try it"), ...inputs.map((one) => one.label), body,
    file ? make("label", {}, text("span", "or files"), file) : null, button, out);
}

async function run(method, path, inputs, body, file) {
  const query = new URLSearchParams();
  const headers = {};
  let url = path;
  const key = document.getElementById("key").value.trim();
  if (key) headers.Authorization = `Bearer ${key}`;
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") url = url.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value && parameter.in === "query") query.set(parameter.name, input.value);
    else if (input.value) headers[parameter.name] = input.value;
  }
  const options = { method: method.toUpperCase(), headers };
  if (file && file.files.length) {
    options.body = new FormData();
    for (const one of file.files) options.body.append("file", one, one.name);
  } else if (body && body.value.trim()) {
    headers["Content-Type"] = "application/json";
    options.body = body.value;
  }
  const response = await fetch(query.size ? `${url}?${query}` : url, options);
  const answer = await response.text();
  let shown = answer;
  try { shown = JSON.stringify(JSON.parse(answer), null, 2); } catch { /* not JSON: shown as it is */ }
  const tag = response.headers.get("etag");
  return `${response.status} ${response.statusText}${tag ? `\nETag: ${tag}` : ""}\n\n${shown}`;
}

function operationCard(method, path, operation) {
  const id = `${method}${path.replace(/[^a-z0-9]+/gi, "-")}`;
  const [headline, ...rest] = (operation.summary || operation.description || "").split("\n\n");
  const more = operation.summary && operation.description ? operation.description : rest.join(" ");
  const parameters = (operation.parameters || []).map((parameter) => make("div", {}, text("code", parameter.name),
    text("span", `${parameter.in}, ${nameOf(parameter.schema)}`, "type"), parameter.required ? text("span", "required", "needed") : null,
    parameter.description ? prose(parameter.description, "span") : null));
  const responses = Object.entries(operation.responses || {}).flatMap(([status, response]) => [
    text("h4", `${status} · ${response.description || ""}`), ...contents("body", response.content)]);
  const inside = make("div", { className: "inside" }, more ? prose(more) : null,
    parameters.length ? text("h4", "Parameters") : null, parameters.length ? make("div", { className: "fields" }, ...parameters) : null,
    ...contents("Request", (operation.requestBody || {}).content), ...responses, trial(method, path, operation));
  const card = make("details", { className: "operation", id },
    make("summary", {}, text("span", method.toUpperCase(), `method ${method}`), text("code", path), prose(headline, "span")), inside);
  const link = make("a", { href: `#${id}` }, text("span", method.toUpperCase(), `method ${method}`), ` ${path}`);
  link.onclick = () => { card.open = true; };
  return { card, link };
}

function render() {
  const page = document.getElementById("page");
  const index = document.getElementById("index");
  page.replaceChildren(make("h1", {}, `${api.info.title} `, text("small", api.info.version)), ...api.info.description.split("\n\n").map((part) => prose(part)));
  for (const tag of api.tags) {
    const section = make("section", {}, text("h2", tag.name), prose(tag.description));
    index.append(text("h2", tag.name));
    for (const [path, item] of Object.entries(api.paths)) {
      for (const method of ["get", "post", "patch", "delete"]) {
        const operation = item[method];
        if (!operation || !(operation.tags || []).includes(tag.name)) continue;
        const { card, link } = operationCard(method, path, operation);
        section.append(card);
        index.append(link);
      }
    }
    page.append(section);
  }
  const linked = location.hash && document.getElementById(location.hash.slice(1));
  if (linked) { linked.open = true; linked.scrollIntoView(); }
}

const key = document.getElementById("key");
key.value = sessionStorage.getItem("quarry-key") || "";
key.onchange = () => sessionStorage.setItem("quarry-key", key.value.trim());
fetch("/openapi.json").then((response) => response.json()).then((read) => { api = read; render(); })
  .catch((error) => { document.getElementById("page").textContent = `The API's description could not be read: ${error}`; });
