/** The page open in many tabs, until it is told to end: `cargo xtask bench tabs` calls it. Says "open" when all of them are painted. */

import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const { AIOS_ADMIN: admin, AIOS_DATA: data, AIOS_TABS: tabs, CHROMIUM: executablePath } = process.env;
const token = (await readFile(`${data}/keys/admin.token`, "utf8")).trim();

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const context = await browser.newContext({ baseURL: admin, viewport: { width: 1440, height: 900 } });
await context.request.post("/admin/v1/login", { headers: { authorization: `Bearer ${token}` }, data: {} });
const shown = tabs.split(",");
for (const tab of shown) {
  const page = await context.newPage();
  await page.goto(`/#/${tab}`);
  await page.locator(`#tab-${tab}[aria-selected=true]`).waitFor();
  await page.waitForFunction(() => document.querySelector("#panel")?.firstElementChild && !document.querySelector("[aria-busy=true]"));
}
console.log(`open ${context.pages().length}`);
