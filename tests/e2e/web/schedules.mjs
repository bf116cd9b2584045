// What the schedules' editor and list can do beyond the common tasks.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { visit } from "./browser.mjs";
import { eventually, Program } from "./program.mjs";

const REFUSED = [/status of 422/];

describe("schedules", () => {
  let program;
  before(async () => (program = await new Program().start()));
  after(() => program.close());
  const make = (fields) => program.call("POST", "/admin/schedules", { event_type: "a", event_action: "b", every_seconds: 86400, ...fields });
  const stored = async (name) => (await program.call("GET", `/admin/schedules?name=${name}`))[0];

  it("have their alerts edited, and what is wrong is told beside its field", async () => {
    const { id } = await make({ name: "watched" });
    await visit(program, `/schedules/${id}/edit`, { allow: REFUSED }, async ({ page }) => {
      const alerts = page.getByRole("group", { name: "Alerts" });
      const save = page.getByRole("button", { name: "Save" });
      await alerts.getByText("Who is told").click();
      await alerts.getByLabel("Alert on").selectOption("failure and silence");
      await alerts.getByLabel("Tell").selectOption("a webhook");
      await alerts.getByText("A webhook needs an address.").waitFor();
      await alerts.getByLabel("Alert webhook").fill("ftp://example.com");
      await alerts.getByLabel("After failed runs").fill("2000");
      await alerts.getByLabel("Silent when later than (seconds)").fill("0");
      await alerts.getByText("Who is told").click(); // folded, so that it has to be opened
      await save.click();
      const field = (label) => alerts.locator(".field").filter({ has: page.getByLabel(label) });
      await field("Alert webhook").getByText("must be an http or https address").waitFor();
      await field("After failed runs").getByRole("alert").waitFor();
      await field("Silent when later than (seconds)").getByRole("alert").waitFor();
      assert.equal(await field("Told again after (seconds)").getByRole("alert").count(), 0);
      assert.equal((await stored("watched")).alerts, null);

      await alerts.getByLabel("Alert webhook").fill("http://127.0.0.1:9/alerts");
      await alerts.getByLabel("After failed runs").fill("3");
      await alerts.getByLabel("Silent when later than (seconds)").fill("600");
      await alerts.getByLabel("Told again after (seconds)").fill("0");
      await save.click();
      await page.getByText("on failure and silence, after 3 failed runs, 10 min of grace, to http://127.0.0.1:9/alerts, told once").waitFor();
    });
    assert.deepEqual((await stored("watched")).alerts,
                     { url: "http://127.0.0.1:9/alerts", on: ["failure", "silence"], after_failures: 3, grace_seconds: 600, reminder_seconds: 0 });
  });

  it("show their alerts in the editor as they are, and lose those that are cleared", async () => {
    const { id } = await make({ name: "cleared", alerts: { url: "", on: ["silence"], grace_seconds: 60 } });
    await visit(program, `/schedules/${id}/edit`, {}, async ({ page }) => {
      const alerts = page.getByRole("group", { name: "Alerts" });
      await alerts.getByText("Who is told").click();
      assert.equal(await alerts.getByLabel("Alert on").inputValue(), "silence");
      assert.equal(await alerts.getByLabel("Tell").inputValue(), "nobody");
      assert.equal(await alerts.getByLabel("Silent when later than (seconds)").inputValue(), "60");
      await alerts.getByLabel("Silent when later than (seconds)").fill("");
      await alerts.getByLabel("Tell").selectOption("whom the settings say");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("on silence", { exact: true }).waitFor();
      assert.deepEqual((await stored("cleared")).alerts, { on: ["silence"] });

      await page.getByRole("button", { name: "Edit" }).click();
      await alerts.getByText("Who is told").click();
      await alerts.getByLabel("Alert on").selectOption("what the settings say");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("heading", { level: 2, name: "What it is" }).waitFor();
      assert.equal((await stored("cleared")).alerts, null);
    });
  });
});
