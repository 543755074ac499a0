// The official npm client, unchanged, against a running AIOS.
//
// Each check is a function; the list at the end is what runs. Prints `ok NAME` or `FAIL NAME: why`,
// then `N passed, N failed`. Servers and keys come from the environment; `cargo xtask test` sets it.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import OpenAI from "openai";
import { VERSION } from "openai/version";

const { AIOS_URL, AIOS_KEY, AIOS_KEY_LIMITED, AIOS_FAULTY_URL } = process.env;
const { AIOS_EVENTS, AIOS_FAULTY_EVENTS } = process.env;

const timeout = 120_000;
const client = new OpenAI({ baseURL: AIOS_URL, apiKey: AIOS_KEY, timeout });
const limited = client.withOptions({ apiKey: AIOS_KEY_LIMITED, maxRetries: 0 });
const faulty = new OpenAI({ baseURL: AIOS_FAULTY_URL, apiKey: "any", timeout });

const messages = [{ role: "user", content: "Explain step by step why the sky is blue." }];
const toolMessages = [{ role: "user", content: "What is the weather in Oslo?" }];
const tools = [
  {
    type: "function",
    function: {
      name: "get_weather",
      description: "Weather of a city",
      parameters: {
        type: "object",
        properties: { city: { type: "string" } },
        required: ["city"],
      },
    },
  },
];
const EVENT_WAIT_MS = 60_000;

const newId = (name) => `npm-${name}-${randomUUID()}`;
const chat = (more = {}, options = {}) =>
  client.chat.completions.create({ model: "aios-auto", messages, ...more }, options);
const withId = (id) => ({ headers: { "x-request-id": id } });

async function raises(kind, call) {
  try {
    await call();
  } catch (error) {
    assert(error instanceof kind, `${error.constructor.name} instead of ${kind.name}: ${error}`);
    return error;
  }
  assert.fail(`no ${kind.name} was raised`);
}

async function collect(stream) {
  const items = [];
  for await (const item of await stream) items.push(item);
  return items;
}

// The events of one request id, once one is there; the log is written in groups.
async function eventsOf(path, id) {
  const deadline = Date.now() + EVENT_WAIT_MS;
  for (;;) {
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    const found = lines.filter((line) => line.includes(id));
    if (found.length > 0 || Date.now() > deadline) return found.map((line) => JSON.parse(line));
    await wait(50);
  }
}

function checkChunks(chunks) {
  assert(chunks.length > 2, `${chunks.length} chunks`);
  assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1, "ids differ");
  assert.equal(chunks[0].choices[0].delta.role, "assistant");
  const choices = chunks.filter((chunk) => chunk.choices.length > 0).map((chunk) => chunk.choices[0]);
  assert(["stop", "length"].includes(choices.at(-1).finish_reason), "finish reason");
  // The key must be there and null until the last chunk.
  for (const choice of choices.slice(0, -1)) assert.equal(choice.finish_reason, null);
  assert(choices.map((choice) => choice.delta.content ?? "").join(""), "no text");
}

const checks = {
  async models_list() {
    const ids = (await collect(client.models.list())).map((model) => model.id);
    for (const wanted of ["aios-auto", "aios-main", "aios-embedder", "gpt-4o"]) {
      assert(ids.includes(wanted), `${wanted} is not in ${ids}`);
    }
  },

  async models_retrieve() {
    const model = await client.models.retrieve("aios-auto");
    assert.deepEqual([model.id, model.object], ["aios-auto", "model"]);
    const error = await raises(OpenAI.NotFoundError, () => client.models.retrieve("no/such"));
    assert.equal(error.code, "model_not_found");
  },

  async chat_whole() {
    const reply = await chat();
    assert.equal(reply.object, "chat.completion");
    assert.equal(reply.choices[0].message.role, "assistant");
    assert(reply.choices[0].message.content, "empty answer");
    const { prompt_tokens, completion_tokens, total_tokens } = reply.usage;
    assert.equal(total_tokens, prompt_tokens + completion_tokens);
  },

  async chat_unknown_fields() {
    const reply = await chat({ an_unknown_field: { deep: [1, 2, 3] }, top_k: 40 });
    assert(reply.choices[0].message.content, "empty answer");
  },

  async chat_stream() {
    const chunks = await collect(chat({ stream: true }));
    checkChunks(chunks);
    // A client may index choices[0] in every chunk when it did not ask for usage.
    for (const chunk of chunks) {
      assert(chunk.choices.length > 0, "a chunk has no choices");
      assert(!chunk.usage, "a chunk has usage");
    }
  },

  async chat_stream_usage() {
    const chunks = await collect(chat({ stream: true, stream_options: { include_usage: true } }));
    checkChunks(chunks);
    assert.deepEqual(chunks.at(-1).choices, []);
    assert(chunks.at(-1).usage.completion_tokens > 0, "no usage");
    for (const chunk of chunks.slice(0, -1)) assert(!chunk.usage, "usage before the last chunk");
  },

  // The client's own collector is strict about indexes, ids and the order of chunks.
  async chat_stream_helper() {
    const stream = client.chat.completions.stream({ model: "aios-auto", messages });
    const final = await stream.finalChatCompletion();
    assert(final.choices[0].message.content, "empty answer");
  },

  async tools_round_trip() {
    const asked = { model: "aios-main", tools };
    const reply = await chat({ ...asked, messages: toolMessages, tool_choice: "required" });
    assert.equal(reply.choices[0].finish_reason, "tool_calls");
    const [call] = reply.choices[0].message.tool_calls;
    assert.equal(call.function.name, "get_weather");
    assert.equal(typeof JSON.parse(call.function.arguments), "object");
    const answer = { role: "tool", tool_call_id: call.id, content: '{"celsius": 4}' };
    const turns = [...toolMessages, reply.choices[0].message, answer];
    const final = await chat({ ...asked, messages: turns });
    assert(final.choices[0].message.content, "no answer after the tool's");
  },

  async tools_stream() {
    const asked = { model: "aios-main", messages: toolMessages, tools, tool_choice: "required" };
    const final = await client.chat.completions.stream(asked).finalChatCompletion();
    assert.equal(final.choices[0].finish_reason, "tool_calls");
    const [call] = final.choices[0].message.tool_calls;
    assert.equal(call.function.name, "get_weather");
    assert.equal(typeof JSON.parse(call.function.arguments), "object");
  },

  async response_format() {
    const reply = await chat({ response_format: { type: "json_object" } });
    assert.equal(typeof JSON.parse(reply.choices[0].message.content), "object");
  },

  async embeddings_float() {
    const asked = { model: "aios-embedder", input: ["one", "two"], encoding_format: "float" };
    const reply = await client.embeddings.create(asked);
    assert.deepEqual(reply.data.map((item) => item.index), [0, 1]);
    assert.equal(typeof reply.data[0].embedding[0], "number");
  },

  // The client asks for base64 by itself and decodes it; both forms must agree.
  async embeddings_default() {
    const asked = { model: "aios-embedder", input: "one" };
    const coded = (await client.embeddings.create(asked)).data[0].embedding;
    const plain = await client.embeddings.create({ ...asked, encoding_format: "float" });
    assert.equal(coded.length, plain.data[0].embedding.length);
    coded.forEach((value, index) => {
      assert(Math.abs(value - plain.data[0].embedding[index]) < 1e-5, `value ${index} differs`);
    });
  },

  async completions() {
    const asked = { model: "aios-main", prompt: "Once upon a time" };
    const reply = await client.completions.create(asked);
    assert(reply.choices[0].text, "empty text");
    const chunks = await collect(client.completions.create({ ...asked, stream: true }));
    assert(chunks.map((chunk) => chunk.choices[0].text).join(""), "empty text");
  },

  async responses() {
    const asked = { model: "aios-auto", input: "Explain why the sky is blue." };
    const reply = await client.responses.create(asked);
    assert.deepEqual([reply.object, reply.status], ["response", "completed"]);
    assert(reply.output_text, "empty text");
  },

  async responses_stream() {
    const asked = { model: "aios-auto", input: "Explain why the sky is blue.", stream: true };
    const events = await collect(client.responses.create(asked));
    assert.equal(events[0].type, "response.created");
    assert.equal(events.at(-1).type, "response.completed");
    const deltas = events.filter((event) => event.type === "response.output_text.delta");
    const whole = events.at(-1).response.output[0].content[0].text;
    assert.equal(deltas.map((event) => event.delta).join(""), whole);
  },

  async error_400() {
    const error = await raises(OpenAI.BadRequestError, () => chat({ model: 42 }));
    assert.deepEqual([error.status, error.param], [400, "model"]);
    assert(error.code, "no code");
    assert.equal(error.type, "invalid_request_error");
  },

  async error_401() {
    const stranger = client.withOptions({ apiKey: "wrong" });
    const error = await raises(OpenAI.AuthenticationError, () => collect(stranger.models.list()));
    assert.deepEqual([error.status, error.code], [401, "invalid_api_key"]);
  },

  async error_404() {
    const error = await raises(OpenAI.NotFoundError, () => chat({ model: "no-such-model" }));
    assert.deepEqual([error.code, error.param], ["model_not_found", "model"]);
  },

  async error_429() {
    const asked = { model: "aios-embedder", messages };
    const first = await limited.chat.completions.create(asked).withResponse();
    assert.equal(first.response.headers.get("x-ratelimit-limit-requests"), "1");
    assert.equal(first.response.headers.get("x-ratelimit-remaining-requests"), "0");
    const call = () => limited.chat.completions.create(asked);
    const error = await raises(OpenAI.RateLimitError, call);
    assert.equal(error.code, "rate_limit_exceeded");
    const seconds = Number(error.headers.get("retry-after"));
    assert(seconds > 0 && seconds <= 60, `retry-after: ${seconds}`);
    assert(error.headers.get("x-ratelimit-reset-requests"), "no reset");
  },

  async request_id() {
    assert((await chat())._request_id, "no request id");
    const ours = newId("id");
    assert.equal((await chat({}, withId(ours)))._request_id, ours);
    const error = await raises(OpenAI.NotFoundError, () => chat({ model: "no-such-model" }));
    assert(error.requestID, "an error has no request id");
  },

  async headers() {
    const { headers } = (await chat().withResponse()).response;
    assert.equal(headers.get("x-aios-attempts"), "1");
    assert(["main", "embedder"].includes(headers.get("x-aios-route")), "route");
    assert(["control", "treatment"].includes(headers.get("x-aios-bucket")), "bucket");
    const weight = Number(headers.get("x-aios-weight") ?? NaN);
    assert(weight >= 0 && weight <= 1, `weight: ${weight}`);
    for (const name of ["x-aios-reason", "x-aios-model", "x-aios-event-id", "server-timing"]) {
      assert(headers.get(name), `no ${name}`);
    }
  },

  // The gateway has retried already and says so; the client must not multiply that.
  async retry_is_ours() {
    const ours = newId("retry");
    const asked = { model: "aios-main", messages };
    const call = () => faulty.chat.completions.create(asked, withId(ours));
    const error = await raises(OpenAI.InternalServerError, call);
    assert.equal(error.headers.get("x-should-retry"), "false");
    // What the client had sent meanwhile would be in the log before this.
    const after = newId("after-retry");
    await raises(OpenAI.InternalServerError, () => faulty.chat.completions.create(asked, withId(after)));
    assert.equal((await eventsOf(AIOS_FAULTY_EVENTS, after)).length, 1, "events of the next request");
    const found = await eventsOf(AIOS_FAULTY_EVENTS, ours);
    assert.equal(found.length, 1, `the client sent ${found.length} requests`);
    assert(found[0].attempts.length > 1, "the gateway did not retry");
  },

  // A stream that breaks must raise; a silent end would pass for a whole answer.
  async cut_stream() {
    const ours = newId("cut");
    const asked = { model: "aios-embedder", messages, stream: true };
    const seen = [];
    await raises(OpenAI.APIError, async () => {
      for await (const chunk of await faulty.chat.completions.create(asked, withId(ours))) {
        seen.push(chunk);
      }
    });
    assert(seen.length > 0, "nothing came before the break");
    const [event] = await eventsOf(AIOS_FAULTY_EVENTS, ours);
    assert.equal(event.outcome, "stream_cut");
  },

  async cancel() {
    const ours = newId("cancel");
    const stream = await chat({ model: "aios-main", stream: true }, withId(ours));
    for await (const chunk of stream) {
      // Leaving the loop aborts the request.
      if (chunk.choices[0].delta.content) break;
    }
    const [event] = await eventsOf(AIOS_EVENTS, ours);
    assert.equal(event?.outcome, "client_cancelled");
    assert(event.output_tokens > 0, "the tokens so far are lost");
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}: ${error.constructor.name}: ${error.message}`);
  }
}
console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed (openai ${VERSION})`);
process.exitCode = failed > 0 ? 1 : 0;
