import assert from "node:assert/strict";
import { before, test } from "node:test";
import { accessible, EMPTY, owner, seed, SEEDED, settled, SHOTS, show, TABS } from "./support.mjs";

before(seed);

/** What each tab shows of traffic, and what it says where there is none. */
const SEEDED_SAYS = {
  overview: ["Pass rate", "Requests by tier", "Canary", "by simulated models"],
  hypotheses: ["Would change it"],
  routing: ["Split in force", "Explain this prompt", "Share of main"],
  events: ["Latency", "What is the capital of Norway?"],
  settings: ["Effective configuration", "sim://main", "routing.boundary"],
  canary: ["Stages", "History", "Judge now"],
  goldens: ["Candidates to promote", "Run now"],
  memory: ["What is remembered", "landlord's office closes"],
  privacy: ["Detections by kind", "Retention", "Audit trail"],
};
const EMPTY_SAYS = {
  overview: ["No request was recorded yet", "Nothing is wrong"],
  hypotheses: ["Would change it"],
  routing: ["No message was weighed"],
  events: ["No request was recorded in this window"],
  settings: ["Effective configuration"],
  canary: ["Nothing was judged or decided yet"],
  goldens: ["No golden run was made yet"],
  memory: ["Fragments"],
  privacy: ["Nothing had to be masked", "Nobody was erased yet"],
};

async function walk(site, says, look, name, checks) {
  const { page, context, complaints } = await owner(site, look);
  for (const tab of TABS) {
    await show(page, tab);
    for (const text of says[tab]) await page.locator("#panel").getByText(text, { exact: false }).first().waitFor();
    await page.screenshot({ path: `${SHOTS}/${tab}-${name}.png`, fullPage: true });
    if (checks) await accessible(page, `${tab}, ${name}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${tab}, ${name}: ${wide} pixels stick out`);
    const inSight = await page.locator(`#tab-${tab}`).evaluate((it) => it.getBoundingClientRect().left >= 0 && it.getBoundingClientRect().right <= innerWidth);
    assert.ok(inSight, `${tab}, ${name}: its own tab is out of sight`);
  }
  assert.deepEqual(complaints, [], name);
  await context.close();
}

test("every tab shows traffic, light", () => walk(SEEDED, SEEDED_SAYS, {}, "light", true));
test("every tab shows traffic, dark", () => walk(SEEDED, SEEDED_SAYS, { theme: "dark" }, "dark", true));
test("every tab shows traffic, narrow", () => walk(SEEDED, SEEDED_SAYS, { width: 390, height: 844 }, "narrow", false));
test("every tab says so where there is no traffic", () => walk(EMPTY, EMPTY_SAYS, {}, "empty", false));

test("a chart is a table too, and a file", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "overview");
  await page.getByRole("button", { name: "Requests by tier as a table" }).click();
  const table = page.getByRole("table", { name: "Requests by tier" });
  await table.getByRole("columnheader", { name: "embedder" }).waitFor();
  const time = await table.locator("time").first().evaluate(({ title, textContent }) => [title, textContent]);
  assert.match(time[0], / UTC$/);
  assert.ok(!time[1].includes("UTC"), "times on the page are in the viewer's zone");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Requests by tier as CSV" }).click()]);
  assert.equal(file.suggestedFilename(), "aios-requests-by-tier.csv");
  const lines = (await (await file.createReadStream()).toArray()).join("").split("\r\n");
  assert.equal(lines[0], "Time (UTC),main,embedder,unanswered");
  const sum = lines.slice(1).reduce((sum, line) => sum + Number(line.split(",")[1] ?? 0) + Number(line.split(",")[2] ?? 0), 0);
  assert.ok(sum >= 60, `${sum} requests in the file`);
  await context.close();
});

test("an address gives the same view to whoever opens it", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "events?bucket=control&source=embedder");
  assert.equal(await page.getByLabel("Answered by").inputValue(), "embedder");
  await page.getByLabel("Text of question or answer").fill("norway");
  await page.waitForURL(/text=norway/);
  const address = page.url();
  const other = await context.newPage();
  await other.goto(address);
  await settled(other);
  assert.equal(await other.getByLabel("Text of question or answer").inputValue(), "norway");
  assert.equal(await other.getByLabel("Bucket").inputValue(), "control");
  await context.close();
});

test("the window that the overview chooses stands in its address", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "overview");
  await page.waitForURL(/range=1h/);
  // The other tabs keep to it.
  await page.getByRole("tab", { name: "Routing" }).click();
  await page.waitForURL(/#\/routing\?range=1h/);
  await page.getByRole("button", { name: "1 h", exact: true, pressed: true }).waitFor();
  await context.close();
});

test("times are in the viewer's zone, with UTC on hover", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "events");
  // In one look: the list is followed, so that the first row may be another one at the next.
  const time = await page.locator("[role=row] time").first().evaluate(({ dateTime, title, textContent }) => ({ dateTime, title, textContent }));
  assert.match(time.title, / UTC$/);
  const there = new Date(time.dateTime).toLocaleTimeString("en-US", { timeZone: "America/New_York", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  assert.equal(time.textContent, there);
  await context.close();
});
