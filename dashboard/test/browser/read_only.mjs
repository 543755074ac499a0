import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { promisify } from "node:util";
import { accessible, PROGRAM, show, stranger, TABS } from "./support.mjs";

test("where no server runs every tab says so, and nothing is asked that is refused", async () => {
  const dir = await mkdtemp(join(tmpdir(), "aios-read-only-"));
  // Nobody listens there, whoever else runs a server on this machine.
  const env = { ...process.env, AIOS_SERVER__ADMIN_LISTEN: "127.0.0.1:1" };
  await promisify(execFile)(PROGRAM, ["init", "--goldens", "--data-dir", dir], { env });
  const looking = spawn(PROGRAM, ["dashboard", "--no-open", "--json", "--data-dir", dir], { env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [line] = await once(createInterface({ input: looking.stdout }), "line");
    const { url, is_read_only } = JSON.parse(line);
    assert.equal(is_read_only, true);
    const { page, context, complaints } = await stranger({ admin: new URL(url).origin });
    const asked = new Set();
    page.on("request", (request) => asked.add(new URL(request.url()).pathname));
    await page.goto(url);
    for (const tab of TABS) {
      await show(page, tab);
      await page.getByText("Read-only: nothing runs here").waitFor();
    }
    await accessible(page, "read-only");
    assert.ok(asked.has("/admin/v1/view/overview"), [...asked].join(" "));
    assert.ok(!asked.has("/admin/v1/live"), "there is no stream");
    assert.equal(await page.getByRole("button", { name: "Sign out" }).count(), 0);
    assert.deepEqual(complaints, []);
    await context.close();
  } finally {
    looking.kill();
    await once(looking, "exit");
    await rm(dir, { recursive: true, force: true });
  }
});
