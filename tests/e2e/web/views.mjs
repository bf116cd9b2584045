// Figures and origins: what is ahead, how long lists are, where settings come from.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";

import { visit } from "./browser.mjs";
import { eventually, Program, Receiver } from "./program.mjs";

describe("views", () => {
  let program;
  let receiver;
  before(async () => {
    receiver = await new Receiver().start();
    program = new Program({ MAX_RETRIES: "3" });
    writeFileSync(path.join(program.home, "schedules.toml"), 'timezone = "Asia/Tokyo"\n\nretry_delay_seconds = "90s"\n');
    await program.start();
  });
  after(async () => {
    await receiver.close();
    await program.close();
  });
  const event = (fields) => program.call("POST", "/events", { topic: "web", entity_type: "order", action: "remind", delay_seconds: 3600, ...fields });

  it("show where each setting's value comes from", () =>
    visit(program, "/settings", {}, async ({ page }) => {
      const row = (key) => page.getByRole("row").filter({ has: page.getByText(`schedules_${key}`, { exact: true }) });
      await row("TIMEZONE").getByText("file", { exact: true }).waitFor();
      await row("TIMEZONE").getByText(/schedules\.toml:1$/).waitFor();
      await row("RETRY_DELAY_SECONDS").getByText(/schedules\.toml:3$/).waitFor();
      // Said in the environment, although it is the default's value.
      await row("MAX_RETRIES").getByText("environment", { exact: true }).waitFor();
      await row("LISTEN").getByText("flag", { exact: true }).waitFor();
      await row("LISTEN").getByText("--listen").waitFor();
      await row("FSYNC").getByText("default", { exact: true }).waitFor();
      await page.getByLabel("Only those that are set").check();
      await row("FSYNC").waitFor({ state: "detached" });
      await row("MAX_RETRIES").waitFor();

      // What is read at the start only waits for it.
      await program.call("POST", "/admin/settings/save", [{ key: "schedules_DEFAULT_TOPIC", value: "elsewhere", module: "schedules" }]);
      await page.reload();
      await row("DEFAULT_TOPIC").getByText("override", { exact: true }).waitFor();
      await row("DEFAULT_TOPIC").getByText("in force after a restart").waitFor();
    }));

  it("count what fires in the next 24 hours, and say where counting stopped", async () => {
    await program.call("POST", "/admin/schedules", { name: "often", event_type: "a", event_action: "b", cron_expression: "*/10 * * * * *" });
    for (let index = 0; index < 5; index++) await event({ entity_id: `${index}` });
    await visit(program, "/cluster", { allow: [/Canvas2D/] }, async (view) => {
      const { page } = view;
      await page.getByRole("link", { name: "Overview" }).click();
      const ahead = page.getByRole("region", { name: "Next 24 hours" });
      await ahead.getByText(/^8,\d{3} to fire\. Busiest quarter: \d\d:\d\d with 9\d\.$/).waitFor();
      assert.equal(await ahead.getByText("counting has stopped").count(), 0);

      await view.go("/cluster");
      const slots = Array.from({ length: 96 }, (_, slot) => ({ at: new Date(1.8e12 + slot * 900_000).toISOString(), waiting: slot === 7 ? 2000 : 1,
                                                               planned: 0, more: slot === 7 }));
      await page.route("**/api/v1/forecast?*", (route) =>
        route.fulfill({ json: { from: slots[0].at, until: slots[95].at, slot_seconds: 900, slots } }));
      await view.go("/overview");
      await ahead.getByText("More than 2,095 to fire. Busiest quarter: 10:45 with more than 2,000.").waitFor(); // 08:00 in UTC is 09:00 in Berlin
      await ahead.getByText("counting has stopped").waitFor();

      // Its colours are those of the counts: one slot is dark, nearly all are light.
      const share = (colour) => ahead.locator("canvas").evaluate((canvas, [red, green, blue]) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let alike = 0;
        for (let at = 0; at < data.length; at += 4) {
          if (data[at + 3] > 0 && Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue) < 6) alike++;
        }
        return alike / (data.length / 4);
      }, colour);
      await eventually(async () => (await share([0xed, 0xf1, 0xf7])) > 0.3, "light slots");
      await eventually(async () => (await share([0x12, 0x3f, 0x85])) > 0.003, "a dark slot");
    });
  });

  it("tell how many events wait", async () => {
    await Promise.all(Array.from({ length: 60 }, (_, index) => event({ topic: "waits", entity_id: `${index}` })));
    await visit(program, "/events", {}, async ({ page }) => {
      const pages = page.getByRole("navigation", { name: "Pages" });
      await pages.getByText(/^page 1 of 2; [67]\d wait$/).waitFor();
      await pages.getByRole("button", { name: "Next" }).click();
      await pages.getByText(/^page 2 of 2/).waitFor();
      await page.getByLabel("Topic").fill("waits");
      await pages.getByText("page 1", { exact: true }).waitFor();
    });
  });

  it("sort dead letters, and a schedule's executions tell how many there are", async () => {
    receiver.status = 400;
    const dead = [];
    for (const topic of ["b", "c", "a"]) {
      dead.push(await event({ topic, delay_seconds: 0, max_retries: 0, target: { type: "webhook", url: `${receiver.url}/hook` } }));
      await eventually(async () => (await program.call("GET", "/dead-letters")).items.length === dead.length, "the dead letter");
    }
    await visit(program, "/dead-letters", {}, async ({ page }) => {
      const topics = () => page.locator("td[data-label=Topic]").allInnerTexts();
      await eventually(async () => (await topics()).join() === "a,c,b", "the newest first");
      await page.getByRole("button", { name: "Topic" }).click();
      await eventually(async () => (await topics()).join() === "a,b,c", "by topic");
      await page.getByRole("button", { name: "Topic" }).click();
      await eventually(async () => (await topics()).join() === "c,b,a", "the other way round");
      await page.getByRole("button", { name: "Died" }).click();
      await eventually(async () => (await topics()).join() === "b,c,a", "the oldest first");
    });

    const beat = await program.call("POST", "/admin/schedules", { name: "beat", event_type: "a", event_action: "b", every_seconds: 1, max_count: 3 });
    await eventually(async () => (await program.call("GET", `/admin/schedules/${beat.id}/stats`)).successful_executions === 3, "three executions");
    await visit(program, `/schedules/${beat.id}`, {}, async ({ page }) => {
      await page.getByRole("region", { name: "Executions" }).getByText("1 to 3 of 3").waitFor();
    });
  });
});
