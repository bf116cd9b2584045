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

  it("are sorted over all pages, and counted", async () => {
    for (let index = 0; index < 60; index++) {
      await make({ name: `row-${String(index).padStart(2, "0")}`, tags: ["rows"], cron_expression: `${index} 3 1 1 *`, every_seconds: null });
    }
    await visit(program, "/schedules", {}, async ({ page }) => {
      await page.getByLabel("Tag").fill("rows");
      const pages = page.getByRole("navigation", { name: "Pages" });
      const first = page.locator("tbody tr").first();
      const heading = (name) => page.locator("thead").getByRole("button", { name });
      await pages.getByText("1 to 50 of 60").waitFor();
      await pages.getByRole("button", { name: "Last" }).click();
      await pages.getByText("51 to 60 of 60").waitFor();
      assert.equal(await pages.getByRole("button", { name: "Next" }).isDisabled(), true);

      // What is on the second page comes to the first one.
      await heading("Name").click();
      await pages.getByText("1 to 50 of 60").waitFor();
      await heading("Name").click();
      await first.getByText("row-59").waitFor();
      assert.equal(await page.getByRole("columnheader", { name: "Name" }).getAttribute("aria-sort"), "descending");
      await pages.getByRole("button", { name: "Last" }).click();
      await page.locator("tbody tr").last().getByText("row-00").waitFor();
      await pages.getByRole("button", { name: "First" }).click();
      await heading("Next").click();
      await first.getByText("row-00").waitFor();
      await heading("Next").click();
      await first.getByText("row-59").waitFor();
      await heading("Next").click();
      await first.getByText("row-00").waitFor();
      assert.equal(await page.getByRole("columnheader", { name: "Next" }).getAttribute("aria-sort"), "none");

      // The last page empties while it is shown.
      await pages.getByRole("button", { name: "Last" }).click();
      await pages.getByText("51 to 60 of 60").waitFor();
      for (const each of await program.call("GET", "/admin/schedules?tag=rows&skip=45")) await program.call("DELETE", `/admin/schedules/${each.id}`);
      await pages.getByText("1 to 45 of 45").waitFor();
    });
  });
});
