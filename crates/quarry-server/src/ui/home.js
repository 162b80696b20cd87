"use strict";
// The page's whole behaviour. Text from documents only ever becomes text nodes.
const at = (id) => document.getElementById(id);
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const state = { key: sessionStorage.getItem("quarry-key") || "", cursor: null, watching: null };

async function call(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { Authorization: `Bearer ${state.key}`, ...options.headers } });
  if (response.ok) {
    if (response.status === 204) return null;
    return (response.headers.get("content-type") || "").includes("json") ? response.json() : response.text();
  }
  const problem = await response.json().catch(() => ({}));
  const error = new Error(problem.detail || `The server answered ${response.status}.`);
  error.status = response.status;
  throw error;
}
const send = (path, body) => call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
const collection = () => at("collection").value || "default";

function notice(error) {
  at("notice").hidden = !error;
  at("notice").textContent = error ? error.message : "";
  if (error && error.status === 401) leave();
}
const attempt = (work) => async (...given) => {
  notice(null);
  try { return await work(...given); } catch (error) { notice(error); }
};

// Coming and going

async function enter() {
  const page = await call("/v1/collections?limit=500");
  const names = page.items.map((item) => item.name);
  if (!names.includes("default")) names.unshift("default");
  const chosen = sessionStorage.getItem("quarry-collection") || "default";
  at("collection").replaceChildren(...names.map((name) => make("option", { value: name, textContent: name, selected: name === chosen })));
  sessionStorage.setItem("quarry-key", state.key);
  for (const id of ["room", "where", "leave"]) at(id).hidden = false;
  at("door").hidden = true;
  at("question").focus();
  await list(false);
}
function leave() {
  sessionStorage.removeItem("quarry-key");
  state.key = "";
  for (const id of ["room", "where", "leave"]) at(id).hidden = true;
  at("door").hidden = false;
  at("key").focus();
}

// Asking

const place = (item) => [item.title || item.source, item.page ? `page ${item.page}` : ""].filter(Boolean).join(", ");

function opener(label, documentId, span, title, className = "link") {
  const button = make("button", { type: "button", className, textContent: label });
  button.onclick = attempt(() => read(documentId, span, title));
  return button;
}

function showHits(hits, note) {
  const list = at("hits");
  list.hidden = false;
  list.replaceChildren(make("p", { className: "faint", textContent: note }), ...hits.map((hit) => {
    const heading = make("h3", {}, opener(place(hit), hit.document_id, hit.span, hit.title));
    const path = make("div", { className: "faint", textContent: hit.headings.join(" › ") });
    return make("article", { className: "card hit" }, heading, path, make("p", { textContent: hit.text }));
  }));
}

function showAnswer(answer) {
  const card = at("answer");
  card.hidden = false;
  if (!answer.answered) {
    card.replaceChildren(make("p", { className: "none", textContent: answer.answer }));
    return;
  }
  const cited = new Map(answer.citations.map((citation) => [citation.number, citation]));
  const open = (number, label, className) => {
    const citation = cited.get(number);
    return opener(label, citation.document_id, citation.span, citation.title, className);
  };
  const paragraph = make("p");
  for (const part of answer.answer.split(/(\[\d+\])/)) {
    const number = /^\[(\d+)\]$/.exec(part);
    paragraph.append(number && cited.has(Number(number[1])) ? open(Number(number[1]), number[1], "cite") : part);
  }
  const confidence = make("div", { className: "faint" }, "Confidence ",
    make("progress", { max: 1, value: answer.confidence }), ` ${Math.round(answer.confidence * 100)} %`);
  const sources = answer.citations.map((citation) =>
    make("li", {}, `${citation.number}. `, open(citation.number, place(citation), "link")));
  card.replaceChildren(paragraph, confidence, make("ul", { className: "sources" }, ...sources));
}

const asking = (work) => attempt(async () => {
  const question = at("question").value.trim();
  if (!question) return;
  const buttons = document.querySelectorAll("#ask button");
  buttons.forEach((button) => { button.disabled = true; });
  try { await work(question); } finally { buttons.forEach((button) => { button.disabled = false; }); }
});
const took = (result) => `${result.hits.length} passages in ${result.took_ms.toFixed(1)} ms`;
const ask = asking(async (question) => {
  const answer = await send("/v1/query", { collection: collection(), question });
  showAnswer(answer);
  showHits(answer.hits, took(answer));
});
const find = asking(async (query) => {
  const found = await send("/v1/search", { collection: collection(), query });
  at("answer").hidden = true;
  showHits(found.hits, took(found));
});

// Reading: spans count characters, not UTF-16 units.

async function read(documentId, span, title) {
  const characters = Array.from(await call(`/v1/documents/${documentId}/text`));
  const around = 4000;
  const [from, to] = [Math.max(0, span.start - around), Math.min(characters.length, span.end + around)];
  const text = (start, end) => characters.slice(start, end).join("");
  const mark = make("mark", { textContent: text(span.start, span.end) });
  const reader = at("reader");
  reader.querySelector("h2").textContent = title;
  reader.querySelector("p").textContent = `Characters ${span.start} to ${span.end} of ${characters.length}`;
  reader.querySelector(".text").replaceChildren(from ? "… " : "", text(from, span.start), mark, text(span.end, to), to < characters.length ? " …" : "");
  reader.showModal();
  mark.scrollIntoView({ block: "center" });
}

// Documents

const size = (bytes) => bytes < 1024 ? `${bytes} B` : bytes < 1048576 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1048576).toFixed(1)} MB`;
const settled = (status) => status === "ready" || status === "failed";

function row(item) {
  const remove = make("button", { type: "button", className: "quiet", textContent: "Delete" });
  remove.setAttribute("aria-label", `Delete ${item.title || item.source}`);
  remove.onclick = attempt(async () => {
    if (!confirm(`Delete “${item.title || item.source}” for ever?`)) return;
    await call(`/v1/documents/${item.id}`, { method: "DELETE" });
    await list(false);
  });
  const status = make("td", { textContent: item.status, className: item.status === "ready" ? "good" : item.status === "failed" ? "bad" : "faint" });
  if (item.error) status.append(make("div", { className: "faint", textContent: item.error }));
  const job = item.ingestion;
  if (job) {
    if (!item.error) status.append(make("div", { className: "faint", textContent: job.detail }));
    if (job.total && !settled(item.status)) status.append(make("progress", { max: job.total, value: job.done }));
    if (job.hint) status.append(make("div", { className: "faint", textContent: job.hint }));
    const verb = settled(item.status) ? "retry" : "cancel";
    const press = make("button", { type: "button", className: "quiet", textContent: verb === "retry" ? "Retry" : "Cancel" });
    press.addEventListener("click", attempt(async () => {
      await call(`/v1/jobs/${job.job_id}/${verb}`, { method: "POST" });
      await list(false);
    }));
    status.append(press);
  }
  const name = make("td", {}, item.title || item.source);
  if (item.title && item.title !== item.source) name.append(make("div", { className: "faint", textContent: item.source }));
  return make("tr", {}, name, status, make("td", { className: "number", textContent: item.chunks }),
    make("td", { className: "number", textContent: size(item.bytes) }), make("td", { className: "number" }, remove));
}

async function list(further) {
  clearTimeout(state.watching);
  const name = collection();
  const after = further && state.cursor ? `&cursor=${encodeURIComponent(state.cursor)}` : "";
  let page = { items: [] };
  try {
    page = await call(`/v1/documents?collection=${name}&limit=50${after}`);
    const all = await call(`/v1/collections/${name}`);
    const count = Object.values(all.documents).reduce((sum, some) => sum + some, 0);
    at("full").textContent = `${count} documents, ${all.chunks} passages`;
  } catch (error) {
    // The default collection is made by the first upload.
    if (error.status !== 404) throw error;
    at("full").textContent = "";
  }
  const body = at("documents").tBodies[0];
  if (!further) body.replaceChildren();
  body.append(...page.items.map(row));
  state.cursor = page.next_cursor || null;
  at("more").hidden = !state.cursor;
  at("documents").hidden = !body.rows.length;
  at("empty").hidden = body.rows.length > 0;
  if (!further && page.items.some((item) => !settled(item.status))) state.watching = setTimeout(attempt(() => list(false)), 1500);
}

async function upload(files) {
  for (const file of files) {
    const status = make("span", { className: "faint", textContent: "sending …" });
    const line = make("li", {}, make("span", { textContent: file.name }), status);
    at("sending").append(line);
    const form = new FormData();
    form.append("collection", collection());
    form.append("file", file, file.name);
    try {
      const added = (await call("/v1/documents?wait=30", { method: "POST", body: form })).documents[0];
      status.textContent = added.error || (added.outcome === "unchanged" ? "already here" : added.status);
      status.className = added.status === "failed" ? "bad" : "good";
      if (added.status !== "failed") setTimeout(() => line.remove(), 6000);
    } catch (error) {
      status.textContent = error.message;
      status.className = "bad";
    }
  }
  await list(false);
}

// Wiring

at("door").onsubmit = (event) => {
  event.preventDefault();
  state.key = at("key").value.trim();
  at("key").value = "";
  attempt(enter)();
};
at("leave").onclick = leave;
at("ask").onsubmit = (event) => { event.preventDefault(); ask(); };
at("find").onclick = find;
at("more").onclick = attempt(() => list(true));
at("collection").onchange = attempt(async () => {
  sessionStorage.setItem("quarry-collection", collection());
  at("answer").hidden = at("hits").hidden = true;
  await list(false);
});
at("files").onchange = attempt(async () => {
  const files = [...at("files").files];
  at("files").value = "";
  await upload(files);
});
const drop = at("drop");
for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => { event.preventDefault(); attempt(upload)([...event.dataTransfer.files]); });
at("reader").querySelector("button").onclick = () => at("reader").close();
if (state.key) attempt(enter)(); else leave();
