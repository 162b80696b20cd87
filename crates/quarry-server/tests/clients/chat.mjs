// The official OpenAI client for Node against a server whose model follows a script. Prints `ok` when all is well.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [baseURL, apiKey, home] = process.argv.slice(2);
// The package lives in the folder it was installed to, not beside this file.
const OpenAI = createRequire(home + "/")("openai");
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const answer = "The moon raises the sea twice a day [1].";
const messages = [
  { role: "system", content: "Be brief." },
  { role: "user", content: [{ type: "text", text: "What raises the sea twice a day?" }] },
];

const models = [];
for await (const model of client.models.list()) models.push(model.id);
assert(models.includes("default") && models.includes("static-en-256"), String(models));
assert.equal((await client.models.retrieve("default")).owned_by, "quarry");

const completion = await client.chat.completions.create({ model: "default", messages });
assert.equal(completion.choices[0].message.content, answer);
assert.equal(completion.choices[0].message.citations[0].source, "tides");
assert.equal(completion.quarry.answered, true);
assert(completion.usage.total_tokens > 0);

let text = "";
let usage = null;
let citations = null;
const stream = await client.chat.completions.create({
  model: "default",
  messages,
  stream: true,
  stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  text += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
  citations = chunk.citations ?? citations;
}
assert.equal(text, answer);
assert(usage.total_tokens > 0);
assert.equal(citations[0].number, 1);

const runner = client.chat.completions.stream({ model: "default", messages });
assert.equal(await runner.finalContent(), answer);

const packed = await client.embeddings.create({ model: "static-en-256", input: ["The moon", "A rock"] });
const plain = await client.embeddings.create({
  model: "static-en-256",
  input: "The moon",
  encoding_format: "float",
});
assert.equal(packed.data.length, 2);
assert.equal(plain.data[0].embedding.length, 256);
plain.data[0].embedding.forEach((number, place) => {
  assert(Math.abs(number - packed.data[0].embedding[place]) < 1e-6);
});

await assert.rejects(client.chat.completions.create({ model: "gpt-9", messages }), (error) => {
  assert(error instanceof OpenAI.NotFoundError, String(error));
  assert.equal(error.code, "model_not_found");
  assert(error.requestID, "no request id");
  return true;
});
const tools = [{ type: "function", function: { name: "f", parameters: {} } }];
await assert.rejects(client.chat.completions.create({ model: "default", messages, tools }), /tools of their own/);
const stranger = new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 });
await assert.rejects(
  stranger.chat.completions.create({ model: "default", messages }),
  (error) => error instanceof OpenAI.AuthenticationError && error.code === "invalid_api_key",
);

console.log("ok");
