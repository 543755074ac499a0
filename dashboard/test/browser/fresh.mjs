/** What is on the page is what is so, whoever changed it, and nobody asks for it while nothing happens. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { admin, aios, ask, GATEWAY, owner, SEEDED, settled, show, until } from "./support.mjs";

/** Waits until the page was told so many seconds. */
async function ticks(context, page, n) {
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  let seen = 0;
  await new Promise((told) => session.on("Network.eventSourceMessageReceived", ({ eventName }) => eventName === "tick" && ++seen === n && told()));
  await session.detach();
}

/** Seconds after the last that was told in which a page may still ask: what it shows is good for ten, and the index lags behind. */
const AFTERMATH_S = 13;

/** What a page asks for in `n` seconds in which the stream tells of nothing at all, nor did shortly before: the server itself puts something on record now and then. */
async function askedInSilence(context, page, n) {
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  let asked = [];
  let silent = 0;
  page.on("request", (request) => asked.push(request.url()));
  await new Promise((done) => session.on("Network.eventSourceMessageReceived", ({ eventName, data }) => {
    if (eventName !== "tick" || JSON.parse(data).n > 0) silent = 0;
    else if (++silent === AFTERMATH_S) asked = [];
    else if (silent === AFTERMATH_S + n) done();
  }));
  await session.detach();
  return asked;
}

/** A tab of somebody who looks on, and knows of nothing but the stream. */
async function looking(tab) {
  const opened = await owner(SEEDED);
  await show(opened.page, tab);
  await opened.page.locator("[data-live=live]").waitFor();
  await ticks(opened.context, opened.page, 1);
  await settled(opened.page);
  return opened;
}

test("what somebody else does is seen on every tab that it concerns", async () => {
  const [memory, privacy, canary, routing] = await Promise.all(["memory", "privacy", "canary", "routing"].map(looking));
  const text = "The ferry to the island leaves at nine.";
  await admin("/admin/v1/memory/add", { fragments: [{ text }] });
  await memory.page.getByText(text).waitFor();
  await privacy.page.getByRole("region", { name: "Audit trail" }).getByText("/admin/v1/memory/add").first().waitFor();
  await admin("/admin/v1/canary/hold", { reason: "somebody else" });
  await canary.page.getByText("“somebody else”").waitFor();
  await admin("/admin/v1/canary/resume", { reason: "and again" });
  await canary.page.getByText("“and again”").waitFor();
  await admin("/admin/v1/routing/override", { boundary: 0.47 });
  await routing.page.locator("[data-figure=\"Control's boundary\"]").filter({ hasText: /^0.47$/ }).waitFor();
  await admin("/admin/v1/routing/clear", {});
  await routing.page.locator("[data-figure=\"Control's boundary\"]").filter({ hasText: /^0.5$/ }).waitFor();
  for (const { context, complaints } of [memory, privacy, canary, routing]) {
    assert.deepEqual(complaints, []);
    await context.close();
  }
});

test("a question that is promoted elsewhere leaves the candidates when they are read anew", async () => {
  const { page, context } = await looking("goldens");
  const { candidates } = await admin("/admin/v1/goldens/candidates");
  assert.ok(candidates.length > 0, "there is nothing to promote");
  const panel = page.getByRole("region", { name: "Candidates to promote" });
  const promoted = panel.getByRole("link", { name: candidates[0].question, exact: true });
  await promoted.waitFor();
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await admin("/admin/v1/goldens/promote", { event_id: candidates[0].event_id });
  // What else stands here is told of it, and the candidates, which cost a day's log, are not.
  await until(() => asked.includes("/admin/v1/view/goldens"), "the goldens are read anew");
  await ticks(context, page, 1);
  assert.ok(!asked.includes("/admin/v1/goldens/candidates"), "the candidates were read for what somebody else did");
  await panel.getByRole("button", { name: "Read anew" }).click();
  await promoted.waitFor({ state: "detached" });
  await context.close();
});

test("a golden run of the command line is seen", async () => {
  const { page, context } = await looking("goldens");
  const run = page.getByRole("region", { name: "Last run against the baseline" }).locator("time").first();
  const at = () => run.getAttribute("datetime");
  const before = await at();
  await aios("golden", "compare", "--url", `${GATEWAY}/v1`);
  await until(async () => (await at()) !== before, "another last run");
  await context.close();
});

test("traffic moves a tab, and silence asks for nothing", async () => {
  const { page, context } = await looking("settings");
  const written = page.getByText(/\d+ written/);
  const n = async () => Number(/(\d+) written/.exec((await written.textContent()).replaceAll(",", ""))[1]);
  const before = await n();
  await ask("What is the capital of Norway?", { conversation: "fresh-1" });
  await page.waitForFunction((before) => Number(/(\d+) written/.exec(document.querySelector("#panel").textContent.replaceAll(",", ""))[1]) > before, before);
  assert.deepEqual(await askedInSilence(context, page, 3), [], "nothing has happened, and yet it was asked");
  await context.close();
});
