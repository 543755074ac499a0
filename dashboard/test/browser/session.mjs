import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, admin, ask, owner, SEEDED, show, stranger, streamOf, tells, tokenOf, until } from "./support.mjs";

test("a wrong token is refused, the right one lets in, and the page forgets it", async () => {
  const { page, context, complaints } = await stranger(SEEDED);
  await page.goto("/");
  await page.getByLabel("Admin token").fill("not-the-token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  assert.equal(await page.getByRole("tab").count(), 0);
  await accessible(page, "sign in");
  await page.getByLabel("Admin token").fill(await tokenOf(SEEDED));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("tab", { name: "Overview" }).waitFor();
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.ok(!kept.includes(await tokenOf(SEEDED)), kept);
  assert.deepEqual(complaints.filter((complaint) => !complaint.includes("401")), []);
  await context.close();
});

test("what happens is seen while it happens", async () => {
  const { page, context, complaints } = await owner(SEEDED);
  await show(page, "overview");
  await page.locator("[data-live=live]").waitFor();
  await page.locator(".live b").waitFor();
  const figure = page.locator("[data-figure=Requests]");
  const requests = async () => Number((await figure.textContent()).replaceAll(",", ""));
  const before = await requests();
  await ask("What is the capital of Norway?", { conversation: "live-1" });
  await until(async () => (await requests()) >= before + 1, "the figure counts one more");
  await show(page, "events");
  const first = page.locator("[role=row][aria-rowindex='2']");
  const newest = await first.getAttribute("id");
  await ask("Compare optimistic and pessimistic locking.", { conversation: "live-2" });
  await until(async () => (await first.getAttribute("id")) !== newest, "a new event on top");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a session without rights sees why it cannot act, and asks for nothing that it is refused", async () => {
  const { page, context, complaints } = await owner(SEEDED);
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.clock.install();
  await page.route("**/admin/v1/whoami", (route) => route.fulfill({ json: { name: "reader", scopes: ["config:read", "canary:read"] } }));
  await show(page, "canary");
  const hold = page.getByRole("button", { name: "Hold", exact: true });
  assert.ok(await hold.isDisabled());
  assert.match(await hold.getAttribute("title"), /canary:write/);
  await page.goto("/#/privacy");
  await page.getByText("lacks the right").waitFor();
  // Without the stream it is still read what has happened, only seldom.
  await show(page, "overview");
  await page.getByText("Read every 30 s").waitFor();
  const read = () => asked.filter((path) => path === "/admin/v1/view/overview").length;
  const before = read();
  await page.clock.fastForward(31_000);
  await until(async () => read() > before, "the overview is read anew");
  assert.ok(!asked.includes("/admin/v1/live"), "the stream is not for this session");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a server that answers with an error is said, and asked again on demand", async () => {
  const { page, context } = await owner(SEEDED);
  // A stream that tells of nothing: what it tells would have the page ask again before somebody does.
  await tells(page, []);
  await page.route("**/admin/v1/view/routing*", (route) => route.fulfill({ status: 500, json: { error: { code: "store_failed", message: "the index is away" } } }));
  await show(page, "routing");
  await page.getByText("the index is away").first().waitFor();
  await page.unroute("**/admin/v1/view/routing*");
  await page.getByRole("button", { name: "Try again" }).first().click();
  await page.getByRole("heading", { name: "Split in force" }).waitFor();
  await context.close();
});

test("whoever signs out is out, with every page of that session", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "overview");
  const other = await context.newPage();
  await show(other, "routing");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Admin token").waitFor();
  await other.getByLabel("Admin token").waitFor();
  assert.equal((await context.request.get("/admin/v1/whoami")).status(), 401);
  await context.close();
});

test("while the index is made anew, every tab says that it holds less than there is", async () => {
  const { page, context } = await owner(SEEDED);
  await tells(page, [["index", { is_there: true, is_behind: true, n_bytes_behind: 5 << 20 }]]);
  await show(page, "overview");
  await page.getByText("The index is being made from the log").waitFor();
  await page.getByText("5.00 MiB to go").waitFor();
  await context.close();
});

/** A second in which `n_left_out` more happened than are told. */
const tick = (newest, n_left_out = 0) => ["tick", { at_ms: Date.now(), n: newest.length + n_left_out, n_main: 0, n_embedder: 0, n_treatment: 0, n_failed: 0, n_in_flight: 0, n_own: 0, newest, n_left_out }];

test("a list that is followed says how many it leaves out, and reads them on demand", async () => {
  const { page, context } = await owner(SEEDED);
  // The stream as it is told here ends, and is opened anew: with each first tick the list is read anew.
  await tells(page, [tick([]), tick([], 480)]);
  await show(page, "events");
  const left = page.getByTestId("left-out");
  await left.getByText(/^480 more/).waitFor();
  const [anew] = await Promise.all([page.waitForRequest((request) => request.url().includes("/admin/v1/events?")), left.getByRole("button", { name: "Read anew" }).click()]);
  assert.ok(!anew.url().includes("cursor"), anew.url());
  await context.close();
});

test("after a break of the stream the list of events has no hole", async () => {
  const { page, context, complaints } = await owner(SEEDED);
  const { events } = await admin("/admin/v1/events?n=3");
  let happened = events.slice(2);
  await page.route("**/admin/v1/events?*", (route) => route.fulfill({ json: { events: happened, next: null, looked_back_to: null, n_looked: 3 } }));
  // What happened in the break is told by nobody; the newest is.
  await page.route("**/admin/v1/live", (route) => route.fulfill(streamOf([tick(happened.slice(0, 1))])));
  await show(page, "events");
  await page.locator("[role=row][aria-rowindex='2']").waitFor();
  happened = events;
  await page.locator(`#event-${events[1].event_id}`).waitFor();
  const shown = await page.locator("[role=row][id]").evaluateAll((rows) => rows.map((row) => row.id));
  assert.deepEqual(shown, events.map((event) => `event-${event.event_id}`));
  assert.deepEqual(complaints, []);
  await context.close();
});
