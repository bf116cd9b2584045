// How the page is served: small, compressed, kept by browsers, under a strict policy; and behind a token where one is wanted.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import http from "node:http";

import { Visit, visit } from "./browser.mjs";
import { Program } from "./program.mjs";

// As it comes over the wire: fetch would unpack it.
function ask(program, path, headers = {}) {
  return new Promise((resolve, reject) => {
    http.get(program.url + path, { headers }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
    }).on("error", reject);
  });
}
const GZIP = { "Accept-Encoding": "gzip, br" };

describe("serving", () => {
  let program;
  before(async () => (program = await new Program().start()));
  after(() => program.close());

  it("the document is asked for again, what it loads is not", async () => {
    const page = await ask(program, "/", GZIP);
    assert.equal(page.status, 200);
    assert.equal(page.headers["content-encoding"], "gzip");
    assert.equal(page.headers["cache-control"], "no-cache");
    assert.equal(page.headers["x-content-type-options"], "nosniff");
    assert.equal(page.headers["referrer-policy"], "no-referrer");
    const policy = page.headers["content-security-policy"];
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|https?:/);
    const html = gunzipSync(page.body).toString();
    assert.equal((await ask(program, "/")).body.toString(), html);
    assert.equal((await ask(program, "/", { "Accept-Encoding": "gzip;q=0" })).headers["content-encoding"], undefined);

    const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)[1];
    const asset = await ask(program, script, GZIP);
    assert.equal(asset.headers["content-type"], "text/javascript; charset=utf-8");
    assert.match(asset.headers["cache-control"], /immutable/);
    assert.equal(gunzipSync(asset.body).toString(), (await ask(program, script)).body.toString());
    const again = await ask(program, script, { ...GZIP, "If-None-Match": asset.headers.etag });
    assert.equal(again.status, 304);
    assert.equal(again.body.length, 0);
    assert.equal((await ask(program, "/assets/none.js")).status, 404);
    assert.equal((await ask(program, "/assets/..%2findex.html")).status, 404);
  });

  it("the first load is small and soon usable", () =>
    visit(program, "/overview", {}, async ({ page }) => {
      await page.getByText("Needs attention").waitFor();
      const sizes = await page.evaluate(() => performance.getEntriesByType("resource").filter((each) => each.name.includes("/assets/")).map((each) => each.transferSize));
      const total = sizes.reduce((sum, size) => sum + size, 0);
      assert.ok(total > 50_000 && total < 500_000, `${total} bytes at the first load`);
    }));

  it("an address that is no view says so", () =>
    visit(program, "/nowhere/at/all", {}, async ({ page }) => {
      await page.getByRole("heading", { name: "Not found" }).waitFor();
      await page.getByRole("link", { name: "Go to the overview" }).click();
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    }));

  it("what is not there is told, not shown empty", () =>
    visit(program, "/schedules/ffffffffffffffffffffffff", { allow: [/status of 404/], ready: false }, async ({ page }) => {
      await page.getByRole("alert").filter({ hasText: /not found|no such/i }).waitFor();
      await page.getByRole("button", { name: "Try again" }).waitFor();
    }));
});

describe("with tokens", () => {
  let program;
  before(async () => {
    program = new Program({ AUTH: "token", SECRET_KEY: "k".repeat(64) });
    program.token = program.cli("token", "issue", "--role", "superuser");
    await program.start();
  });
  after(() => program.close());

  it("asks for one, keeps it for the tab only and never puts it into an address", async () => {
    const page = await Visit.open(program, "/schedules", { allow: [/status of 40[13]/] });
    await page.run(async ({ page }) => {
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await page.getByLabel("Access token").fill("not-a-token");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").filter({ hasText: /token/i }).waitFor();
      await page.getByLabel("Access token").fill(program.token);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("There is no schedule yet.").waitFor();
      await page.getByText("live", { exact: true }).waitFor();
      assert.equal(await page.evaluate("JSON.stringify(localStorage).includes(sessionStorage['schedules.token'])"), false);
      assert.ok(!page.url().includes(program.token));
      await page.reload();
      await page.getByText("There is no schedule yet.").waitFor();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      assert.equal(await page.evaluate("sessionStorage.length"), 0);
    });
  });
});
