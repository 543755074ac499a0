/** Each thing that a tab is there to show, by the name under which an operator looks for it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { admin, ask, owner, SEEDED, show, until } from "./support.mjs";

// A panel, and in it the table of that name.
const region = (name) => (page) => page.getByRole("region", { name }).first();
const text = (said) => (page) => page.locator("#panel").getByText(said).first();
const chart = (name) => (page) => page.getByRole("figure", { name, exact: true }).locator("canvas");
const figure = (name) => (page) => page.locator(`[data-figure="${name}"]`);
const button = (name) => (page) => page.getByRole("button", { name, exact: true }).first();

const PARTS = {
  overview: {
    "objective with threshold and sample": text(/≤ 20\.0 s · n \d+/),
    // Objectives are looked at once a minute: of a server that has just begun there may be nothing to say yet.
    "error budget left": text(/Budget left|Nothing to judge in 30 days/),
    "traffic by tier": chart("Requests by tier"),
    "traffic by bucket": chart("Requests by bucket"),
    "latency percentiles": chart("Latency"),
    "SLO line": (page) => page.getByRole("figure", { name: "Latency" }).and(page.locator("[data-levels='SLO p95 ≤ 20.0 s']")),
    errors: chart("Not answered in full"),
    tokens: chart("Tokens"),
    cost: text("endpoints have no prices"),
    alerts: (page) => page.getByRole("heading", { name: "Alerts" }),
    "canary's stage": (page) => page.getByRole("list", { name: "Stages" }),
  },
  hypotheses: {
    verdict: (page) => page.locator("#panel .badge").first(),
    effect: text(/more is worse/),
    interval: (page) => page.getByRole("img", { name: /^Effect .*, between/ }).first(),
    "sample size": text(/of at least \d+;/),
    "what would change it": text("Would change it"),
  },
  routing: {
    "boundary of both buckets": chart("Boundary"),
    "drift band": text(/The band is the drift allowed: 0\.5 ± 0\.08/),
    "weight histogram with the boundary": (page) => page.getByRole("figure", { name: "Weights" }).and(page.locator("[data-marks='boundary']")),
    "share of main": chart("Share of main"),
    "explain box": (page) => page.getByLabel("Prompt", { exact: true }),
    "sweep results": (page) => page.getByRole("table", { name: "Sweep" }).locator("tr[aria-current=true]"),
  },
  settings: {
    version: text("Version"),
    generation: text("Generation"),
    "value with its origin": (page) => page.getByRole("table", { name: "Settings" }).getByText("file").first(),
    breakers: (page) => page.getByRole("table", { name: "Endpoints" }).getByText("closed").first(),
    disk: (page) => page.getByRole("img", { name: /of the disk is used/ }),
    "data directory": figure("analytics"),
  },
  canary: {
    ladder: (page) => page.getByRole("list", { name: "Stages" }),
    "verdict history with reasons": region("History"),
    "decisions on latency": (page) => page.getByRole("figure", { name: "Latency p95 by bucket" }).and(page.locator("[data-marks*='reset']")),
    "decisions on quality": (page) => page.getByRole("figure", { name: "Failures by bucket" }).and(page.locator("[data-marks*='reset']")),
    hold: button("Hold"),
    reset: button("Reset"),
  },
  goldens: {
    "report against baseline": (page) => page.getByRole("rowheader", { name: "Baseline" }),
    "case by case": (page) => page.getByRole("region", { name: "Case by case" }).locator("details").first(),
    "run now": button("Run now"),
    candidates: region("Candidates to promote"),
  },
  memory: {
    fragments: figure("Fragments"),
    "recall trend": region("Recall trend"),
    duplicates: button("Merge copies"),
    decay: button("Put away what is idle"),
    "search box": (page) => page.getByLabel("Question", { exact: true }),
  },
  privacy: {
    "detections by kind": chart("Detections by kind"),
    "redaction and erasure audit": region("Audit trail"),
    "chain status": button("Verify the chain"),
    find: button("1. Find"),
    "retention per tier": (page) => page.getByRole("table", { name: "Retention" }).getByText("90 d"),
  },
};

test("each tab has what an operator looks for", async () => {
  await admin("/admin/v1/canary/reset", { start_pct: 10, reason: "a new rollout" });
  await golden();
  const { page, context } = await owner(SEEDED);
  for (const [tab, parts] of Object.entries(PARTS)) {
    await show(page, tab);
    for (const [name, find] of Object.entries(parts)) {
      await find(page).waitFor({ state: "attached" }).catch(() => assert.fail(`${tab}: ${name} is missing`));
    }
  }
  await context.close();
});

test("a golden run ends with what is another answer", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "goldens");
  await page.getByRole("button", { name: "Run now" }).click();
  const [begun] = await Promise.all([page.waitForResponse("**/admin/v1/goldens/run"), page.getByRole("dialog").getByRole("button", { name: "Run" }).click()]);
  assert.equal(begun.status(), 202);
  await page.getByText(/PASS of|FAIL of/).waitFor();
  const first = page.getByRole("region", { name: "Case by case" }).locator("details").first();
  await first.locator("summary").click();
  await first.getByText(/Against the baseline|The same answer as in the baseline/).waitFor();
  await context.close();
});

test("an event in full has its attempts on a timeline and what the memory gave to it", async () => {
  const id = await ask("When does the landlord's office close?", { conversation: "recall-1" });
  const { page, context } = await owner(SEEDED);
  // What the memory finds is the server's to say; here it is what the page makes of it.
  await page.route(`**/admin/v1/events/${id}`, async (route) => {
    const view = await (await route.fetch()).json();
    await route.fulfill({ json: { ...view, event: { ...view.event, memory_fragments: ["m_landlord"] } } });
  });
  await show(page, `events?event=${id}`);
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("heading", { name: "Attempts" }).waitFor();
  assert.ok((await dialog.locator("section").filter({ hasText: "Attempts" }).locator("li svg").count()) >= 1);
  await dialog.getByRole("heading", { name: "Fragments of memory" }).waitFor();
  await dialog.getByText("m_landlord", { exact: true }).waitFor();
  await dialog.getByRole("button", { name: "Promote to golden" }).waitFor();
  await dialog.getByRole("link", { name: "Find or erase the conversation" }).waitFor();
  await context.close();
});

/** A golden run, to its end. */
async function golden() {
  await admin("/admin/v1/goldens/run", {});
  let run;
  await until(async () => (run = await admin("/admin/v1/goldens/run")).state !== "running", "the golden run ends");
  assert.equal(run.state, "done", run.told);
}
