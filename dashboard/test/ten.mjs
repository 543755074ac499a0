/**
 * The page open in many browsers' tabs, until it is told to end: `cargo xtask bench tabs` calls it. Says "open" when all of
 * them are painted, and ends with 1 as soon as one of them has died.
 */

import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const { AIOS_ADMIN: admin, AIOS_DATA: data, AIOS_TABS: tabs, CHROMIUM: executablePath } = process.env;
const token = (await readFile(`${data}/keys/admin.token`, "utf8")).trim();

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
browser.on("disconnected", () => process.exit(1));
let n = 0;
for (const tab of tabs.split(",")) {
  // Each has connections of its own, or the browser would let six of them have a stream.
  const context = await browser.newContext({ baseURL: admin, viewport: { width: 1440, height: 900 } });
  await context.request.post("/admin/v1/login", { headers: { authorization: `Bearer ${token}` }, data: {} });
  const page = await context.newPage();
  page.on("crash", () => process.exit(1));
  await page.goto(`/#/${tab}`);
  await page.locator(`#tab-${tab}[aria-selected=true]`).waitFor();
  await page.waitForFunction(() => document.querySelector("#panel")?.firstElementChild && !document.querySelector("[aria-busy=true]"));
  n += 1;
}
console.log(`open ${n}`);
