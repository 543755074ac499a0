/** The page's pure functions. Vite reads their TypeScript, as it does for the page. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { createServer } from "vite";

const vite = await createServer({ logLevel: "error", server: { middlewareMode: true, hmr: false, ws: false }, appType: "custom", optimizeDeps: { noDiscovery: true } });
after(() => vite.close());
const load = (name) => vite.ssrLoadModule(`/src/${name}.ts`);

test("a field of a table cannot break out of it, nor become a formula", async () => {
  const { csv } = await load("lib/csv");
  assert.equal(csv(["a", "b"], [["x,y", 'say "hi"'], [null, -1.5]]), 'a,b\r\n"x,y","say ""hi"""\r\n,-1.5\r\n');
  assert.equal(csv(["a"], [["=1+1"], ["-2"], ["@x"]]), "a\r\n'=1+1\r\n'-2\r\n'@x\r\n");
});

test("a file says what its values are in, and has them as numbers", async () => {
  const { fileOf } = await load("ui/column");
  const { COLUMNS } = await load("tabs/events/columns");
  const row = { ts: "2026-01-02T03:04:05Z", source: null, tier: "main", bucket: "control", outcome: "timeout", latency_ms: 1234.5, weight: 0.7, boundary: 0.5, input_tokens: 1000, output_tokens: 234, question: "a", conv_id: "c", event_id: "e" };
  const [head, first, untold] = fileOf(COLUMNS, [row, { ...row, input_tokens: null, output_tokens: null }]).split("\r\n");
  assert.equal(head, "Time (UTC),Answered by,Routed to,Bucket,Outcome,Latency (ms),Weight,Boundary,Tokens,Question,Conversation,Event");
  assert.equal(first, "2026-01-02T03:04:05Z,,main,control,timeout,1234.5,0.7,0.5,1234,a,c,e");
  assert.match(untold, /,0\.5,,a,/);
});

test("an address gives back the view it was made of", async () => {
  const { format, parse } = await load("lib/address");
  const place = { tab: "events", params: { tier: "main", text: "a & b #1" } };
  assert.deepEqual(parse(format(place)), place);
  assert.equal(format({ tab: "events", params: { z: "1", a: "2", empty: "" } }), "#/events?a=2&z=1");
  assert.deepEqual(parse(""), { tab: "", params: {} });
});

test("numbers keep to what is known", async () => {
  const { bytes, count, dollars, latency, percent, plain } = await load("lib/number");
  assert.equal(plain(null), "–");
  assert.equal(percent(undefined), "–");
  assert.equal(percent(0.0243, 2), "2.43\u00a0%");
  assert.equal(plain(-1.5), "−1.5");
  assert.equal(count(99_999), "99,999");
  assert.equal(count(1_234_567), "1.2M");
  assert.equal(latency(0), "0 ms");
  assert.equal(latency(3.14), "3.1 ms");
  assert.equal(latency(17_700), "17.7 s");
  assert.equal(bytes(1536), "1.50 KiB");
  assert.equal(bytes(0), "0 B");
  assert.equal(dollars(0.00031), "$0.0003");
});

test("time is told by its largest unit, and in UTC on demand", async () => {
  const { ago, span, utc } = await load("lib/time");
  const at = Date.parse("2026-11-28T03:00:00Z");
  assert.equal(utc(at), "2026-11-28 03:00:00.000 UTC");
  assert.equal(span(7_300_000), "2 h");
  assert.equal(ago(at, at + 65_000), "1 min ago");
  assert.equal(ago(at, at), "now");
  assert.equal(ago(at + 2_000, at), "now");
  assert.equal(ago(at + 90_000, at), "in 1 min");
});

test("texts are told apart word by word", async () => {
  const { diff } = await load("lib/diff");
  const kinds = (before, after) => diff(before, after).map(({ kind, text }) => `${kind}:${text}`);
  assert.deepEqual(kinds("a b c", "a x c"), ["same:a ", "gone:b", "new:x", "same: c"]);
  assert.deepEqual(kinds("same", "same"), ["same:same"]);
  assert.deepEqual(kinds("", "new"), ["new:new"]);
  for (const [before, after] of [["one two three", "two three four"], ["", ""], ["a\nb", "a b"]]) {
    const pieces = diff(before, after);
    const side = (gone) => pieces.filter(({ kind }) => kind !== gone).map(({ text }) => text).join("");
    assert.deepEqual([side("new"), side("gone")], [before, after]);
  }
});

test("what is stacked adds up, and what is missing adds nothing", async () => {
  const { columns, shape, stack } = await load("ui/chart/spec");
  assert.deepEqual(stack([[1, null, 3], [10, 20, null]]), [[1, 0, 3], [11, 20, 3]]);
  const spec = { xs: [1], format: String, lines: [{ label: "a", color: "--a", values: [1] }, { label: "b", color: "--b", values: [2] }] };
  assert.deepEqual(columns(spec), [[1], [2]]);
  assert.deepEqual(columns({ ...spec, stacked: true }), [[3], [1]]);
  assert.equal(shape(spec), shape({ ...spec, xs: [2] }));
  assert.notEqual(shape(spec), shape({ ...spec, stacked: true }));
});

test("a tick is counted into the step that it ended in, and no other", async () => {
  const { advance, shares } = await load("lib/traffic");
  const lane = (tier, bucket, n) => ({ tier, bucket, n, n_failed: [0, 0], latency_ms_p95: [null, null] });
  const traffic = { step_s: 60, at_ms: [0, 60_000], n: [3, 4], n_failed: [0, 0], lanes: [lane("main", "control", [2, 3]), lane("embedder", "treatment", [1, 1])] };
  const before = shares(traffic);
  assert.deepEqual(before, { main: [2, 3], embedder: [1, 1], unanswered: [0, 0], control: [2, 3], treatment: [1, 1] });
  const tick = { at_ms: 61_000, n: 5, n_main: 2, n_embedder: 2, n_treatment: 1, n_failed: 1 };
  const moved = advance(traffic, before, tick);
  assert.deepEqual(moved.traffic.n, [3, 9]);
  assert.deepEqual(moved.shares, { main: [2, 5], embedder: [1, 3], unanswered: [0, 1], control: [2, 7], treatment: [1, 2] });
  assert.deepEqual(traffic.n, [3, 4], "what was there is as it was");
  assert.equal(advance(traffic, before, { ...tick, at_ms: 120_000 }), undefined);
  assert.equal(advance({ ...traffic, at_ms: [], lanes: [] }, before, tick), undefined);
});

test("the window that is suggested holds all traffic, and not much more", async () => {
  const { suggestion } = await load("lib/traffic");
  const day = 24 * 3_600_000;
  const check = (first, expect) => {
    const at_ms = Array.from({ length: 100 }, (_, i) => (i * day) / 100);
    const n = at_ms.map((_, i) => (first !== null && i >= first ? 1 : 0));
    assert.equal(suggestion({ at_ms, n }, day), expect, String(first));
  };
  check(null, undefined);
  check(98, "1h");
  check(90, "6h");
  check(40, undefined);
  check(0, undefined);
});

const LOCAL = { url: "http://127.0.0.1:8500", needs_key: false };

test("a question can be asked again from a shell, whatever stands in it", async () => {
  const { again } = await load("tabs/events/event");
  const { asBash, asPowerShell } = await load("lib/call");
  const asked = again({ operation: "chat", request_model: "aios-auto", question: "it's $HOME ’x’", stream: false });
  assert.match(asBash(asked, LOCAL), /^curl http:\/\/127\.0\.0\.1:8500\/v1\/chat\/completions .*x-aios-purpose: replay.*it'\\''s \$HOME/);
  assert.match(asPowerShell(asked, LOCAL), /it''s \$HOME ’’x’’/);
  for (const write of [asBash, asPowerShell]) assert.doesNotMatch(write(asked, LOCAL), /KEY/);
  const guarded = { url: "http://10.0.0.7:80", needs_key: true };
  assert.match(asBash(asked, guarded), /^curl http:\/\/10\.0\.0\.7:80\/v1\/.* -H "authorization: Bearer \$AIOS_API_KEY"/);
  assert.match(asPowerShell(asked, guarded), /-Uri http:\/\/10\.0\.0\.7:80\/v1\/.*Authorization = "Bearer \$env:AIOS_API_KEY"/);
});

test("a question goes the way that it came", async () => {
  const { again } = await load("tabs/events/event");
  const check = (operation, path, field) => {
    const call = again({ operation, request_model: "m", question: "q", stream: true });
    assert.equal(call.path, path);
    assert.ok(call.body[field], `${operation}: ${JSON.stringify(call.body)}`);
    assert.equal("stream" in call.body, operation !== "embeddings");
  };
  check("chat", "/v1/chat/completions", "messages");
  check("completions", "/v1/completions", "prompt");
  check("embeddings", "/v1/embeddings", "input");
  check("responses", "/v1/responses", "input");
});

test("the gateway is where the settings say", async () => {
  const { gatewayOf } = await load("lib/call");
  const settings = (listen, required) => [{ key: "server.listen", value: listen }, { key: "clients.required", value: required }];
  assert.deepEqual(gatewayOf(settings("127.0.0.1:9000", false), "console.example"), { url: "http://127.0.0.1:9000", needs_key: false });
  assert.deepEqual(gatewayOf(settings("0.0.0.0:80", true), "console.example"), { url: "http://console.example:80", needs_key: true });
  assert.deepEqual(gatewayOf(settings("[::]:8500", true), "[::1]"), { url: "http://[::1]:8500", needs_key: true });
  assert.deepEqual(gatewayOf([], ""), LOCAL);
});

test("what has just happened is taken into the list that it belongs to", async () => {
  const { filterOf, matches } = await load("tabs/events/filter");
  const row = { tier: "main", source: "embedder", bucket: "control", outcome: "timeout", latency_ms: 900, conv_id: "c1_a" };
  const check = (filter, expect, why = JSON.stringify(filter)) => assert.equal(matches(filterOf((name) => filter[name] ?? ""), row), expect, why);
  check({}, true);
  check({ source: "embedder", bucket: "control", outcome: "timeout", latency_ms_min: "500", conv_id: "c1_a" }, true);
  check({ source: "main" }, false, "it was routed there, and another answered");
  check({ bucket: "treatment" }, false);
  check({ outcome: "ok" }, false);
  check({ latency_ms_min: "1000" }, false);
  check({ conv_id: "c1_b" }, false);
  check({ text: "tides" }, undefined);
});

/** A list of events on a server that holds `log`, by ids, the newest first; a page is as long as `page`. */
async function listed(t, log, page = 2) {
  const { Pages } = await load("tabs/events/pages.svelte");
  const row = (event_id) => ({ event_id, latency_ms: 1 });
  t.mock.method(globalThis, "fetch", async (path) => {
    const cursor = new URL(path, "http://here").searchParams.get("cursor");
    const at = cursor === null ? 0 : log.indexOf(cursor) + 1;
    const events = log.slice(at, at + page);
    return Response.json({ events: events.map(row), next: at + page < log.length ? events.at(-1) : null, looked_back_to: null, n_looked: 0 });
  });
  const { filterOf } = await load("tabs/events/filter");
  const pages = new Pages(filterOf(() => ""), "2026-01-01T00:00:00Z");
  await pages.next();
  return { pages, tell: (...ids) => pages.prepend(ids.map(row), 0), ids: () => pages.rows.map((row) => row.event_id) };
}

test("what is read anew goes on where it meets what was there, and begins anew where it does not", async (t) => {
  const log = ["3", "2", "1"];
  const { pages, ids } = await listed(t, log);
  await pages.next();
  assert.deepEqual([ids(), pages.more], [["3", "2", "1"], false]);
  log.unshift("4");
  await pages.anew();
  assert.deepEqual([ids(), pages.more], [["4", "3", "2", "1"], false]);
  log.unshift("8", "7", "6", "5");
  await pages.anew();
  assert.deepEqual([ids(), pages.more], [["8", "7"], true], "there is no hole between them and what was there");
  for (let n = 0; n < 3; n++) await pages.next();
  assert.deepEqual([ids(), pages.more], [log, false]);
});

test("what happens while it is read anew stays on top", async (t) => {
  const log = ["2", "1"];
  const { pages, tell, ids } = await listed(t, log);
  log.unshift("4", "3");
  const reading = pages.anew();
  tell("5");
  await reading;
  assert.deepEqual(ids(), ["5", "4", "3"]);
  await pages.next();
  assert.deepEqual(ids(), ["5", "4", "3", "2", "1"]);
});

test("every path that the page asks for is one of the API", async () => {
  const { ACT, VIEW } = await load("api/paths");
  const { paths } = JSON.parse(await readFile(new URL("../src/api/openapi.json", import.meta.url), "utf8"));
  const asked = [...Object.values(VIEW), ...Object.values(ACT)];
  assert.deepEqual(asked.filter((path) => !(path in paths)), []);
});

test("what is given has its place in the address, and what is not known is left out", async () => {
  const { get, post } = await load("api/client");
  const asked = [];
  const { fetch } = globalThis;
  globalThis.fetch = async (path, init) => (asked.push([path, init.body]), new Response("{}"));
  try {
    await get("/admin/v1/events/{id}", { id: "a/b$&" });
    await get("/admin/v1/events", { text: "", n: 2, since: undefined, cursor: null, conv_id: "c 1" });
    await post("/admin/v1/erasures/{id}/execute", { plan_hash: "x" }, { id: "e?1" });
    await post("/admin/v1/logout");
  } finally {
    globalThis.fetch = fetch;
  }
  assert.deepEqual(asked, [
    ["/admin/v1/events/a%2Fb%24%26", undefined],
    ["/admin/v1/events?n=2&conv_id=c+1", undefined],
    ["/admin/v1/erasures/e%3F1/execute", '{"plan_hash":"x"}'],
    ["/admin/v1/logout", "{}"],
  ]);
});

test("a view is read anew after something has happened, and not too soon", async () => {
  const { INDEX_LAG_MS, isDue } = await load("lib/due");
  const reading = { happened_ms: 12_000, began_ms: 11_000, pause_ms: 5_000 };
  assert.equal(isDue(reading, 15_999), false);
  assert.equal(isDue(reading, 16_000), true);
  const earlier = 11_000 - INDEX_LAG_MS;
  assert.equal(isDue({ ...reading, happened_ms: earlier }, 60_000), false, "nothing has happened since: nothing is asked");
  assert.equal(isDue({ ...reading, happened_ms: earlier + 1 }, 60_000), true, "the index may not have had it yet");
});

test("the last that happens before a silence is read, and then nothing is", async () => {
  const { isDue } = await load("lib/due");
  const pause_ms = 5_000;
  for (const happened_ms of [10_000, 11_000, 14_999, 15_000]) {
    const readings = [10_000];
    for (let now = happened_ms; now < 60_000; now += 1_000) {
      if (isDue({ happened_ms, began_ms: readings.at(-1), pause_ms }, now)) readings.push(now);
    }
    // The index has it two seconds later.
    assert.ok(readings.at(-1) >= happened_ms + 2_000, `${happened_ms}: ${readings}`);
    assert.ok(readings.length <= 3, `${happened_ms}: ${readings}`);
  }
});

test("every boundary is in sight, and a share of main is expected of the default alone", async () => {
  const { boundaries, mainShares } = await load("tabs/routing/charts");
  const view = (control, treatment) => ({
    baseline_boundary: 0.5, drift_max: 0.08, split: { control_boundary: control, treatment_boundary: treatment },
    boundaries: { at_ms: [0, 60_000], control: [null, control], treatment: [0.5, treatment], main_share_control: [], main_share_treatment: [] },
  });
  const scale = ({ min, max }) => [min, max].map((end) => Number(end.toFixed(3)));
  assert.deepEqual(scale(boundaries(view(0.5, 0.52))), [0.3, 0.7]);
  assert.deepEqual(scale(boundaries(view(0.5, 0.8))), [0.17, 0.83]);
  assert.deepEqual(scale(boundaries(view(0, 0.5))), [0, 1]);
  assert.ok(mainShares(view(0.5, 0.5)).band);
  assert.equal(mainShares(view(0.5, 0.52)).band, undefined);
});

test("the overview's charts are of the traffic that they are given", async () => {
  const { charts } = await load("tabs/overview/charts");
  const outcomes = [{ outcome: "ok", n: [7] }, { outcome: "timeout", n: [2] }];
  const traffic = { at_ms: [60_000], outcomes, latency_ms_p50: [1], latency_ms_p95: [2], latency_ms_p99: [3], input_tokens: [4], output_tokens: [5], cost_usd: [0] };
  const shares = { main: [1], embedder: [2], unanswered: [3], control: [4], treatment: [5] };
  const drawn = charts({ traffic, shares, marks: [], slo_ms: 20_000, failed_share: 0.25 });
  const of = (name) => drawn.find((chart) => chart.name === name);
  assert.deepEqual(of("requests-by-tier").spec.lines.map(({ values }) => values[0]), [1, 2, 3]);
  assert.deepEqual(of("failures").spec.lines.map(({ label }) => label), ["timeout"], "what went well is no failure");
  assert.equal(of("latency").spec.levels[0].value, 20_000);
  assert.equal(of("cost").spec, undefined, "what costs nothing is no chart");
  assert.deepEqual(of("tokens").spec.xs, [60]);
});
