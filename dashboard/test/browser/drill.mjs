import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, ask, GATEWAY, owner, SEEDED, show, SOON, until } from "./support.mjs";

/** What the page copies. That it has copied something is said of the one before, too. */
async function copied(page, button) {
  await page.evaluate(() => navigator.clipboard.writeText(""));
  await page.getByRole("dialog").getByRole("button", { name: button }).click();
  let text = "";
  await until(async () => (text = await page.evaluate(() => navigator.clipboard.readText())), `something is copied by ${button}`);
  await page.getByText("Copied.").waitFor();
  return text;
}

test("an event is asked again by the way that it came, at the address that is in force", async () => {
  const reply = await fetch(`${GATEWAY}/v1/embeddings`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ model: "aios-auto", input: "tides" }) });
  assert.equal(reply.status, 200, await reply.text());
  const chat = await ask("What is the capital of Norway?", { conversation: "again-1" });
  const { page, context } = await owner(SEEDED);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  for (const [id, path] of [[chat, "/v1/chat/completions"], [reply.headers.get("x-aios-event-id"), "/v1/embeddings"]]) {
    await show(page, `events?event=${id}`);
    const bash = await copied(page, "Copy as curl");
    assert.ok(bash.startsWith(`curl ${GATEWAY}${path} `), bash);
    assert.ok(!bash.includes("AIOS_API_KEY"), "no key is asked for here");
    const power = await copied(page, "Copy for PowerShell");
    assert.ok(power.includes(`-Uri ${GATEWAY}${path} `), power);
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    // The address lets the event go when the dialog has closed, which would take back where the next one leads.
    await page.waitForURL((url) => !url.hash.includes("event="), SOON);
  }
  await context.close();
});

test("where the browser gives no clipboard, what is to be copied is shown", async () => {
  const id = await ask("What is the capital of Norway?", { conversation: "hand-1" });
  const { page, context, complaints } = await owner(SEEDED);
  // As it is over plain HTTP from elsewhere.
  await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await show(page, `events?event=${id}`);
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Copy as curl" }).click();
  const text = dialog.getByLabel("To be copied");
  assert.match(await text.inputValue(), /^curl http/);
  await text.focus();
  assert.equal(await page.evaluate(() => getSelection().toString()), await text.inputValue());
  await accessible(page, "an event in full");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a search says how far it has looked, and goes on where it is told to", async () => {
  const { page, context } = await owner(SEEDED);
  const asked = [];
  await page.route("**/admin/v1/events?*", (route) => {
    const cursor = new URL(route.request().url()).searchParams.get("cursor");
    asked.push(cursor);
    const body = { events: [], next: cursor ? null : "further", looked_back_to: "2026-01-02T03:04:05Z", n_looked: 5_000 };
    return route.fulfill({ json: body });
  });
  await show(page, "events?text=nowhere");
  const searched = page.getByTestId("searched");
  await searched.getByText("searched back to").waitFor();
  assert.equal(await searched.locator("time").getAttribute("datetime"), "2026-01-02T03:04:05.000Z");
  await searched.getByRole("button", { name: "Go on" }).click();
  await searched.waitFor({ state: "detached" });
  assert.deepEqual(asked, [null, "further"]);
  await context.close();
});

test("what is typed in two fields is searched for together, and is cleared together", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "events");
  const nobody = `c1_${"0".repeat(32)}`;
  await page.getByLabel("Text of question or answer").fill("norway");
  await page.getByLabel("Conversation").fill(nobody);
  await page.waitForURL((url) => url.hash.includes("text=norway") && url.hash.includes(`conv_id=${nobody}`), SOON);
  await page.getByRole("button", { name: "Clear" }).click();
  await page.waitForURL((url) => !url.hash.includes("text=") && !url.hash.includes("conv_id="), SOON);
  assert.equal(await page.getByLabel("Text of question or answer").inputValue(), "");
  await context.close();
});

test("a list with a filter is followed too, with what belongs to it", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "events?outcome=caller_error");
  await page.locator("[data-live=live]").waitFor();
  const first = page.locator("[role=row][aria-rowindex='2']");
  const before = await first.getAttribute("id");
  const wrong = await ask("?", { messages: "none" });
  await page.locator(`#event-${wrong}[aria-rowindex='2']`).waitFor();
  assert.notEqual(`event-${wrong}`, before);
  await ask("hi", { conversation: "follow-2" });
  assert.equal(await page.locator("[role=row] .outcome").getByText("ok", { exact: true }).count(), 0);
  await context.close();
});
