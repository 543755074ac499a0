/** A browser, pages that somebody is signed in to, and traffic for them to show. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { after } from "node:test";
import { promisify } from "node:util";
import axe from "axe-core";
import { chromium } from "playwright-core";

export const SEEDED = { admin: need("AIOS_ADMIN"), data: need("AIOS_DATA") };
export const EMPTY = { admin: need("AIOS_EMPTY_ADMIN"), data: need("AIOS_EMPTY_DATA") };
export const SHOTS = need("AIOS_SHOTS");
export const GATEWAY = need("AIOS_GATEWAY");
export const PROGRAM = need("AIOS_PROGRAM");

export const TABS = ["overview", "hypotheses", "routing", "events", "settings", "canary", "goldens", "memory", "privacy"];

/** What is waited for comes soon, or not at all; on the slowest machine within this. */
export const SOON = { timeout: 120_000 };

function need(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: call this with \`cargo xtask test dashboard\``);
  return value;
}

// Containers have no sandbox of their own to give; what is opened is ours.
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
after(() => browser.close());

export const tokenOf = async (site) => (await readFile(`${site.data}/keys/admin.token`, "utf8")).trim();

/** A page that nobody is signed in to. What it complains of, and whom else it asks, is kept. */
export async function stranger(site, { theme = "light", width = 1440, height = 900 } = {}) {
  const context = await browser.newContext({ baseURL: site.admin, colorScheme: theme, viewport: { width, height }, timezoneId: "America/New_York", reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(SOON.timeout);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("request", (request) => request.url().startsWith(site.admin) || request.url().startsWith("blob:") || complaints.push(`asked ${request.url()}`));
  return { page, context, complaints };
}

/** A page of the owner's. */
export async function owner(site, look) {
  const opened = await stranger(site, look);
  const reply = await opened.context.request.post("/admin/v1/login", { headers: { authorization: `Bearer ${await tokenOf(site)}` }, data: {} });
  assert.equal(reply.status(), 200);
  return opened;
}

/** Goes to a tab, and waits until everything on it was read. */
export async function show(page, address) {
  await page.goto(`/#/${address}`);
  const tab = address.split("?")[0];
  await page.locator(`#tab-${tab}[aria-selected=true]`).waitFor();
  await settled(page);
}

export async function settled(page) {
  await page.waitForFunction(() => {
    const panel = document.querySelector("#panel");
    return panel?.firstElementChild && !panel.querySelector("[aria-busy=true]");
  });
}

/** Nothing that keeps people out: WCAG 2.1 A and AA. */
export async function accessible(page, where) {
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
  assert.ok(passes.length > 5, `${where}: axe looked at next to nothing`);
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(grave.map(({ id, nodes }) => [id, nodes[0]?.html, nodes[0]?.failureSummary]), [], where);
}

/** Asks the gateway something; the answer's event. */
export async function ask(content, { conversation = "talk-1", ...more } = {}) {
  const headers = { "content-type": "application/json", "x-conversation-id": conversation };
  const body = JSON.stringify({ model: "aios-auto", messages: [{ role: "user", content }], ...more });
  const reply = await fetch(`${GATEWAY}/v1/chat/completions`, { method: "POST", headers, body });
  await reply.text();
  return reply.headers.get("x-aios-event-id");
}

/** Somebody else at the admin address: what they do is seen by every page. */
export async function admin(path, body, site = SEEDED) {
  const headers = { authorization: `Bearer ${await tokenOf(site)}`, "content-type": "application/json" };
  const reply = await fetch(site.admin + path, body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) });
  const text = await reply.text();
  assert.ok(reply.ok, `${path}: ${reply.status} ${text}`);
  return JSON.parse(text);
}

/** A command of AIOS beside the server that runs on the same data. */
export const aios = (...args) => promisify(execFile)(PROGRAM, [...args, "--data-dir", SEEDED.data]);

/** An answer that tells of these events, and ends. */
export const streamOf = (events) => ({ contentType: "text/event-stream", body: events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join("") });

/** The stream as it would be, for what does not happen on small data. */
export const tells = (page, events) => page.route("**/admin/v1/live", (route) => route.fulfill(streamOf(events)));

/** What the server answers, with something of it as it would be where more has happened. */
export const altered = (page, path, change) =>
  page.route(`**${path}*`, async (route) => {
    const answer = await (await route.fetch()).json();
    await route.fulfill({ json: { ...answer, ...change(answer) } });
  });

const QUESTIONS = [
  "hi",
  "thanks!",
  "Explain step by step how a hash map resolves collisions, and when open addressing is the better choice.",
  "Compare optimistic and pessimistic locking for a booking system with many readers.",
  "Write a polite letter to my landlord; my address for the reply is robin.miller@mail.example.",
  "What is the capital of Norway?",
];

/** Conversations of a few turns, some with something personal, one that the caller gets wrong. */
export async function seed() {
  // What only a command does: a baseline of golden answers. First, so that what follows is the newest.
  await aios("golden", "record", "--url", `${GATEWAY}/v1`);
  for (let n = 0; n < 60; n++) await ask(QUESTIONS[n % QUESTIONS.length], { conversation: `talk-${n % 20}` });
  await ask("?", { temperature: "hot", messages: "none" });
  const fragments = [{ text: "The landlord's office closes at five on Fridays." }, { text: "The oldest museum of the town is open on Mondays." }];
  await admin("/admin/v1/memory/add", { fragments });
  await until(async () => (await admin("/admin/v1/events?n=100")).events.length >= 60, "60 events in the index");
}

/** Asks again and again, for as long as what is waited for may take. */
export async function until(holds, what) {
  const end = Date.now() + SOON.timeout;
  for (;;) {
    if (await holds()) return;
    assert.ok(Date.now() < end, `in vain: ${what}`);
    await new Promise((again) => setImmediate(again));
  }
}
