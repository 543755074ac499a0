import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, admin, ask, owner, SEEDED, show } from "./support.mjs";

test("the kill switch says what it does, does it, and can be taken back", async () => {
  const { page, context, complaints } = await owner(SEEDED);
  await show(page, "canary");
  await page.locator("[data-live=live]").waitFor();
  const treated = page.locator("[data-figure='In treatment']");
  const before = await treated.textContent();
  assert.notEqual(before, "0 %");
  await page.getByRole("button", { name: "Kill switch" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("every conversation is routed by control's boundary").waitFor();
  assert.equal(await treated.textContent(), before, "nothing is done before it is confirmed");
  await accessible(page, "kill switch");
  await dialog.getByRole("button", { name: "Put everything into control" }).click();
  await treated.filter({ hasText: /^0 %$/ }).waitFor();
  await page.getByRole("banner").getByRole("button", { name: "End override" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End the override" }).click();
  await treated.filter({ hasText: before }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("the canary is held and resumed, with the reason on record", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "canary");
  await page.getByRole("button", { name: "Hold", exact: true }).click();
  await page.getByRole("dialog").getByLabel("Why, for the record").fill("release freeze");
  await page.getByRole("dialog").getByRole("button", { name: "Hold" }).click();
  await page.getByText("“release freeze”").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await page.getByRole("button", { name: "Hold", exact: true }).waitFor();
  await context.close();
});

test("a freeze asks for nothing else, whatever is overridden", async () => {
  await admin("/admin/v1/routing/override", { boundary: 0.47 });
  const { page, context, complaints } = await owner(SEEDED);
  await show(page, "routing");
  const treated = page.locator("[data-figure='In treatment']");
  const before = await treated.textContent();
  assert.notEqual(before, "0 %");
  await page.getByRole("button", { name: "Freeze" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("What is overridden already stays so").waitFor();
  const [answer] = await Promise.all([page.waitForResponse("**/admin/v1/routing/override"), dialog.getByRole("button", { name: "Freeze" }).click()]);
  assert.deepEqual(answer.request().postDataJSON(), { freeze: true });
  assert.deepEqual(await answer.json(), { boundary: 0.47, freeze: true }, "the share of treatment stays the canary's");
  await page.locator("#panel .badge").filter({ hasText: "frozen" }).waitFor();
  assert.equal(await treated.textContent(), before);
  await admin("/admin/v1/routing/clear", {});
  assert.deepEqual(complaints, []);
  await context.close();
});

test("what is put away or merged is looked at first, and where that fails it is said", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "memory");
  const dialog = page.getByRole("dialog");
  for (const [label, path, answer, says] of [
    ["Merge copies", "dedup", { n_fragments: 9, n_exact: 3, n_near: 2, n_variants: 1, executed: false }, /^3 of 9 fragments; 2 near pairs and 1 variants are linked/],
    ["Put away what is idle", "decay", { n_fragments: 9, proposed: [], executed: false }, /^0 of 9 fragments\./],
  ]) {
    await page.route(`**/admin/v1/memory/${path}`, (route) => route.fulfill({ status: 500, json: { error: { code: "store_failed", message: "the memory is away" } } }));
    await page.getByRole("button", { name: label }).click();
    await dialog.getByRole("alert").getByText("the memory is away").waitFor();
    assert.equal(await dialog.getByText("Looking…").count(), 0);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.route(`**/admin/v1/memory/${path}`, (route) => route.fulfill({ json: answer }));
    await page.getByRole("button", { name: label }).click();
    await dialog.getByText(says).waitFor();
    assert.equal(await dialog.getByRole("alert").count(), 0);
    assert.equal(await dialog.getByRole("button", { name: label }).isDisabled(), path === "decay", "what would do nothing cannot be done");
    await dialog.getByRole("button", { name: "Cancel" }).click();
  }
  await context.close();
});

test("a prompt is explained", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "routing");
  await page.getByLabel("Prompt", { exact: true }).fill("Explain step by step how a hash map resolves collisions.");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText(/^control: (main|embedder)/).or(page.getByText(/control: (main|embedder)/)).first().waitFor();
  await context.close();
});

test("an event is shown in full", async () => {
  const id = await ask("Write to robin.miller@mail.example about tides.", { conversation: "whole-1" });
  const { page, context } = await owner(SEEDED);
  await show(page, `events?event=${id}`);
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Masked: 1 × email").waitFor();
  await dialog.getByRole("heading", { name: "Attempts" }).waitFor();
  assert.ok(!(await dialog.textContent()).includes("robin.miller"), "what was masked stays masked");
  await context.close();
});

test("a conversation is found, previewed, erased, and found no more", async () => {
  const conversation = "please-forget-me";
  for (const question of ["hi", "What is the capital of Norway?"]) await ask(question, { conversation });
  const { page, context, complaints } = await owner(SEEDED);
  await show(page, "privacy");
  await page.getByLabel("Id, as the application sent it").fill(conversation);
  await page.getByRole("button", { name: "1. Find" }).click();
  await page.getByTestId("found").filter({ hasText: "Events found: 2" }).waitFor();
  await page.getByLabel("On which ground, for the record").fill("request of the person");
  await page.getByRole("button", { name: "2. Preview the erasure" }).click();
  const erase = page.getByRole("button", { name: "3. Erase for good" });
  await erase.waitFor();
  assert.ok(await erase.isDisabled(), "not before the word is written");
  await page.getByLabel(/to go on/).fill("erase");
  await erase.click();
  await page.getByTestId("after").filter({ hasText: "Events found: 0" }).waitFor();
  // The trail and the ledger name whom they are about, and say so.
  const stays = page.getByTestId("stays");
  await stays.getByText(/^\d+ left by rule$/).click();
  await stays.getByRole("row").filter({ hasText: "audit" }).getByText("proof of what was done").waitFor();
  const [receipt] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save the signed receipt" }).click()]);
  assert.match(receipt.suggestedFilename(), /^receipt-.*\.json$/);
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "1. Find" }).click();
  await page.getByTestId("found").filter({ hasText: "Events found: 0" }).waitFor();
  assert.ok(!page.url().includes(conversation), "an id stands in no address");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("the audit trail is verified, and has what was done", async () => {
  const { page, context } = await owner(SEEDED);
  await show(page, "privacy");
  await page.getByRole("button", { name: "Verify the chain" }).click();
  await page.getByText(/whole: \d+ entries/).waitFor();
  await page.getByRole("region", { name: "Audit trail" }).getByText(/erasures/).first().waitFor();
  await context.close();
});
