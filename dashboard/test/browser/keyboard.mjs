import assert from "node:assert/strict";
import { test } from "node:test";
import { owner, SEEDED, show, TABS } from "./support.mjs";

const focused = (page) => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim());

test("the whole page can be walked by keyboard", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "overview");
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "To the content");
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "main");
  await page.locator("#tab-overview").focus();
  for (const tab of [...TABS.slice(1), TABS[0]]) {
    await page.keyboard.press("ArrowDown");
    await page.locator(`#tab-${tab}[aria-selected=true]`).waitFor();
    assert.equal(await focused(page), `tab-${tab}`);
  }
  await page.keyboard.press("End");
  assert.equal(await focused(page), "tab-privacy");
  assert.equal(await page.locator("[role=tab][tabindex='0']").count(), 1, "one tab is in the order of the page");
  await context.close();
});

test("keys go to tabs, search and help, but not while somebody writes", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "overview");
  await page.keyboard.press("3");
  await page.locator("#tab-routing[aria-selected=true]").waitFor();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  await help.waitFor();
  await page.keyboard.press("4");
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "hidden" });
  await page.locator("#tab-routing[aria-selected=true]").waitFor();
  await page.keyboard.press("/");
  await page.getByLabel("Text of question or answer").and(page.locator(":focus")).waitFor();
  await page.keyboard.type("2");
  await page.waitForURL(/text=2/);
  await page.locator("#tab-events[aria-selected=true]").waitFor();
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await theme(), "light");
  await page.locator("#main").focus();
  await page.keyboard.press("t");
  assert.equal(await theme(), "dark");
  await context.close();
});

test("events are walked by arrows, and a dialog keeps the focus and gives it back", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "events");
  const grid = page.getByRole("grid");
  await grid.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  const active = await grid.getAttribute("aria-activedescendant");
  assert.ok(await page.locator(`[id="${active}"][aria-selected=true]`).count());
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Event" });
  await dialog.getByText("The line of the log").waitFor();
  await page.waitForURL(/event=/);
  for (let n = 0; n < 14; n++) {
    await page.keyboard.press("Tab");
    const inside = await page.evaluate(() => document.activeElement === document.body || document.querySelector("dialog[open]").contains(document.activeElement));
    assert.ok(inside, "the focus left the dialog");
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await grid.and(page.locator(":focus")).waitFor();
  await context.close();
});
