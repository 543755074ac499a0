/** What does not happen on small data is shown all the same when it does. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, altered, owner, SEEDED, SHOTS, show, tells } from "./support.mjs";

const THEMES = ["light", "dark"];

test("each alert is there with its steps, also where one objective has two", async () => {
  const since = new Date().toISOString();
  const alert = (severity, step) => ({ about: "error_rate", severity, since, detail: `burns as a ${severity}`, runbook: [step] });
  for (const theme of THEMES) {
    const { page, context, complaints } = await owner(SEEDED, { theme });
    await tells(page, [["alerts", [alert("page", "Look at the endpoints."), alert("ticket", "Read the log.")]]]);
    await show(page, "overview");
    const panel = page.getByRole("region", { name: "Alerts" });
    await panel.getByText("burns as a page").click();
    await panel.getByText("Look at the endpoints.").waitFor();
    await panel.getByText("burns as a ticket").click();
    await panel.getByText("Read the log.").waitFor();
    await page.getByRole("banner").getByText("2 alerts").waitFor();
    await page.screenshot({ path: `${SHOTS}/alerts-${theme}.png`, fullPage: true });
    await accessible(page, `alerts, ${theme}`);
    assert.deepEqual(complaints, []);
    await context.close();
  }
});

test("decisions are marked and what is paid is drawn", async () => {
  const { page, context, complaints } = await owner(SEEDED);
  await altered(page, "/admin/v1/view/overview", ({ traffic }) => ({
    marks: ["advance", "roll_back"].map((kind, n) => ({ kind, label: kind, at_ms: traffic.at_ms.at(-10 + 5 * n) })),
    traffic: { ...traffic, cost_usd: traffic.n.map((n) => n * 0.002) },
  }));
  await show(page, "overview");
  await page.getByRole("figure", { name: "Latency" }).and(page.locator("[data-marks='advance, roll back']")).waitFor();
  await page.getByRole("figure", { name: "Cost", exact: true }).locator("canvas").waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("recall is drawn over time", async () => {
  const { page, context, complaints } = await owner(SEEDED);
  const recall = [1, 2, 3].map((day) => ({ at: `2026-01-0${day}T00:00:00Z`, recall_at_5: 0.8 + day / 100, n: 50 }));
  await altered(page, "/admin/v1/view/memory", () => ({ recall, recall_min: 0.9 }));
  await show(page, "memory");
  await page.getByRole("figure", { name: "Recall trend" }).and(page.locator("[data-levels='target 90\u00a0%']")).locator("canvas").waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a finding is shown over time, and what is not tested now is said to be old", async () => {
  const found = (at, effect) => ({ at, finding: "supported", n_pairs: 300, effect, interval_low: effect - 0.1, interval_high: effect + 0.1 });
  const [first, last] = [found("2026-01-02T03:00:00Z", -0.1), found("2026-01-03T03:00:00Z", -0.2)];
  for (const theme of THEMES) {
    const { page, context, complaints } = await owner(SEEDED, { theme });
    await altered(page, "/admin/v1/view/hypotheses", ({ hypotheses: [one, other] }) => ({
      n_too_many: 250_000,
      tested_at: last.at,
      hypotheses: [{ ...one, ...last, is_by_lot: true, history: [first, last] }, { ...other, finding: "untested", n_pairs: 0, effect: null, history: [], is_by_lot: true }],
    }));
    await show(page, "hypotheses");
    await page.getByText("Not tested now:").waitFor();
    await page.getByText("250K requests").waitFor();
    await page.locator("#panel figure canvas").waitFor();
    await page.locator("#panel .badge").getByText("untested").waitFor();
    assert.equal(await page.getByText("drawn by lot").count(), 0);
    await page.screenshot({ path: `${SHOTS}/hypotheses-untested-${theme}.png`, fullPage: true });
    await accessible(page, `hypotheses that are not tested, ${theme}`);
    assert.deepEqual(complaints, []);
    await context.close();
  }
});

test("a golden run shows how far it is", async () => {
  const { page, context } = await owner(SEEDED);
  const run = { state: "running", began_at: new Date().toISOString(), ended_at: null, n_done: 7, n_all: 20, told: null };
  await tells(page, [["golden", run]]);
  await show(page, "goldens");
  await page.getByText("7 of 20").waitFor();
  const progress = page.getByRole("progressbar", { name: "Golden run" });
  assert.deepEqual(await progress.evaluate(({ value, max }) => [value, max]), [7, 20]);
  assert.ok(await page.getByRole("button", { name: "Run now" }).isDisabled());
  await context.close();
});
