import assert from "node:assert/strict";
import { test } from "node:test";
import { owner, SEEDED, show, TABS } from "./support.mjs";

/** All files of the page together, as they are sent. */
const BYTES_MAX = 400 * 1024;

test("the whole page is sent within its budget, compressed, and allowed nothing from elsewhere", async () => {
  const { page, context } = await owner(SEEDED);
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  const urls = new Map();
  const sizes = new Map();
  session.on("Network.responseReceived", ({ requestId, response }) => urls.set(requestId, response));
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => sizes.set(requestId, encodedDataLength));
  for (const tab of TABS) await show(page, tab);
  const files = [...urls].filter(([, { url }]) => !url.includes("/admin/"));
  const sent = files.reduce((sum, [id]) => sum + (sizes.get(id) ?? 0), 0);
  console.log(`${files.length} files, ${(sent / 1024).toFixed(1)} KiB sent`);
  assert.ok(files.length > 10, `${files.length} files`);
  assert.ok(sent <= BYTES_MAX, `${sent} bytes`);
  const headers = (suffix) => files.find(([, { url }]) => new URL(url).pathname.endsWith(suffix))[1].headers;
  assert.equal(headers(".js")["content-encoding"], "gzip");
  assert.match(headers(".js")["cache-control"], /immutable/);
  const policy = headers("/")["content-security-policy"];
  for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) assert.ok(policy.includes(part), policy);
  assert.ok(!policy.includes("unsafe"), policy);
  await context.close();
});
