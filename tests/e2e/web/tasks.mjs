// What an operator does, from the first schedule to a restart of the server.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";

import { visit } from "./browser.mjs";
import { eventually, Program, Receiver } from "./program.mjs";

const REFUSED = [/status of 422/];
const AWAY = [/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_NETWORK/];

describe("an operator's tasks", () => {
  let program;
  let receiver;
  before(async () => {
    program = await new Program().start();
    receiver = await new Receiver().start();
  });
  after(async () => {
    await receiver.close();
    await program.close();
  });
  const event = (fields) => program.call("POST", "/events", { topic: "web", entity_type: "order", action: "remind", delay_seconds: 3600, ...fields });
  const stateOf = async (id) => (await program.call("GET", `/events/${id}`)).state;

  it("creates a schedule with a preview that tells of a clock change, sees it fire and pauses it", () =>
    visit(program, "/schedules", { allow: REFUSED }, async ({ page }) => {
      await page.getByText("There is no schedule yet.").waitFor();
      await page.getByRole("button", { name: "New schedule" }).click();
      await page.getByRole("heading", { level: 1, name: "New schedule" }).waitFor();
      const next = page.getByRole("region", { name: "Next ten" });
      await page.getByLabel("Name").fill("beat");
      await page.getByLabel("Event type").fill("system");
      await page.getByLabel("Action", { exact: false }).first().fill("ping");
      await page.getByLabel("Time zone").fill("Europe/Berlin");

      // The hour that the clock change leaves out.
      await page.getByLabel("Cron expression").fill("30 2 28 3 *");
      await next.getByText(/2027-03-28 03:00:00 \+02:00/).waitFor();
      await next.getByText(/02:30 does not exist on 2027-03-28 in Europe\/Berlin/).waitFor();
      assert.equal(await next.getByRole("listitem").count(), 10);

      // A mistake is told where it is, as it is typed.
      await page.getByLabel("Cron expression").fill("30 2 * * FOO");
      await next.getByText(/"FOO" is not a name in the day_of_week field/).waitFor();
      await next.getByText(/^30 2 \* \* FOO\s+\^/).waitFor();

      await page.getByLabel("Cron expression").fill("* * * * * *");
      await next.getByText(/in 2 s|in 1 s|now/).first().waitFor();
      await page.getByRole("button", { name: "Create" }).click();

      await page.getByRole("heading", { level: 1, name: /beat/ }).waitFor();
      const executions = page.getByRole("region", { name: "Executions" });
      await eventually(async () => (await executions.getByText("success", { exact: true }).count()) >= 3, "three executions on the screen");
      await executions.getByText(/^stream \d+/).first().waitFor();

      await page.getByRole("button", { name: "Pause" }).click();
      await page.locator(".el-message-box input").fill("because of the test");
      await page.locator(".el-message-box").getByRole("button", { name: "Pause" }).click();
      await page.getByRole("heading", { level: 1, name: /paused/ }).waitFor();
      await page.getByText("Note: because of the test").waitFor();
      await page.getByText("because of the test", { exact: true }).waitFor();  // in the audit trail
      const [stored] = await program.call("GET", "/admin/schedules?name=beat");
      assert.equal(stored.status, "paused");
      assert.equal(stored.note, "because of the test");
    }));

  it("pauses many at once and takes it back", async () => {
    for (const name of ["many-1", "many-2", "many-3"]) {
      await program.call("POST", "/admin/schedules", { name, event_type: "a", event_action: "b", every_seconds: 3600 });
    }
    await visit(program, "/schedules", {}, async ({ page }) => {
      await page.getByLabel("Name").fill("many-");
      await page.getByRole("link", { name: "many-3" }).waitFor();
      await eventually(async () => (await page.getByRole("checkbox", { name: /^Select many/ }).count()) === 3, "only the three");
      await page.getByRole("checkbox", { name: "Select all on this page" }).check();
      const bulk = page.getByRole("region", { name: "Selected schedules" });
      await bulk.getByRole("button", { name: "Pause" }).click();
      await page.getByText("Pause 3 schedules?").waitFor();
      await page.locator(".el-message-box").getByRole("button", { name: "Pause" }).click();
      await eventually(async () => (await page.locator("tbody").getByText("paused", { exact: true }).count()) === 3, "three paused");
      await page.getByRole("button", { name: "Undo" }).click();
      await eventually(async () => (await page.locator("tbody").getByText("active", { exact: true }).count()) === 3, "three active");
    });
  });

  it("cancels by filter, counted first, and leaves the others", async () => {
    const doomed = await Promise.all(Array.from({ length: 30 }, (_, index) => event({ topic: "doomed", entity_id: `${index}` })));
    const kept = await event({ topic: "kept" });
    await visit(program, "/events", {}, async ({ page }) => {
      await page.getByLabel("Topic").fill("doomed");
      await eventually(async () => (await page.getByRole("checkbox", { name: /^Select [0-9a-f-]{36}/ }).count()) === 30, "thirty rows");
      await page.getByRole("region", { name: "Bulk actions" }).getByRole("button", { name: "Cancel…" }).click();
      await page.getByText("30 waiting events match.").waitFor();
      await page.getByRole("button", { name: "Cancel 30" }).click();
      await page.getByText(/Done:\s+30 of 30 cancelled/).waitFor();
      await page.getByText("No event matches.").waitFor();
    });
    assert.equal(await stateOf(doomed[7].id), "cancelled");
    assert.equal(await stateOf(kept.id), "pending");
  });

  it("tells one event's story, reschedules and cancels it", async () => {
    const one = await event({ entity_id: "77", body: { text: "Still there?" } });
    await visit(program, "/events", {}, async ({ page }) => {
      await page.getByLabel("Event id").fill(one.id);
      await page.getByLabel("Event id").press("Enter");
      await page.getByRole("heading", { level: 1, name: /order\.77 remind pending/ }).waitFor();
      const story = page.getByRole("region", { name: "Its story" });
      await story.getByText("Accepted over the API").waitFor();
      await story.getByText("It will be published").waitFor();
      await page.getByText('"text": "Still there?"').waitFor();

      await page.getByRole("button", { name: "Reschedule" }).click();
      await page.getByLabel("New due time").fill("2033-05-06T07:08:09");
      await page.getByRole("dialog").getByRole("button", { name: "Reschedule" }).click();
      await story.getByText(/6 May 2033, 07:08:09|06 May 2033, 07:08:09/).first().waitFor();
      assert.equal((await program.call("GET", `/events/${one.id}`)).scheduled_at, "2033-05-06T05:08:09.000000Z"); // Berlin in summer

      await page.getByRole("button", { name: "Cancel", exact: true }).click();
      await page.getByRole("button", { name: "Cancel the event" }).click();
      await story.getByText("Cancelled: it will never be delivered").waitFor();
    });
    assert.equal(await stateOf(one.id), "cancelled");
  });

  it("composes an event that fires while it is watched", () =>
    visit(program, "/events/new", {}, async ({ page }) => {
      await page.getByLabel("Entity type").fill("note");
      await page.getByLabel("Action").fill("write");
      await page.getByLabel("Payload").fill('{"broken": ');
      await page.getByText(/This is not JSON/).waitFor();
      await page.getByLabel("Payload").fill('{"n": 1}');
      await page.getByLabel("In (seconds)").fill("1");
      await page.getByLabel("Topic").fill("composed");
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByRole("heading", { level: 1, name: /note write fired/ }).waitFor();
      await page.getByRole("region", { name: "Its story" }).getByText(/^Published .* after its due time$/).waitFor();
    }));

  it("edits and redrives a dead letter, and many with progress", async () => {
    const target = { type: "webhook", url: receiver.url + "/hook" };
    receiver.status = 400;
    const first = await event({ delay_seconds: 0, max_retries: 0, target, body: { amount: -1 }, entity_id: "wrong" });
    await eventually(async () => (await stateOf(first.id)) === "dead", "the dead letter");
    receiver.status = 200;
    await visit(program, "/dead-letters", {}, async ({ page }) => {
      await page.getByRole("region", { name: "rejected" }).getByText(/400/).first().waitFor();
      await page.getByRole("button", { name: `Edit and send again ${first.id}` }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Payload").fill('{"amount": 12}');
      await dialog.getByRole("button", { name: "Send again" }).click();
      await page.getByText(/Done:\s+1 of 1 sent again/).waitFor();
      await page.getByText("There is no dead letter").waitFor();
    });
    await eventually(() => receiver.received.some((each) => each.body.includes('"amount":12')), "the edited payload");

    receiver.status = 400;
    const many = await Promise.all(Array.from({ length: 12 }, () => event({ delay_seconds: 0, max_retries: 0, target, topic: "many" })));
    await eventually(async () => (await Promise.all(many.map((each) => stateOf(each.id)))).every((state) => state === "dead"), "twelve dead letters", 60_000);
    receiver.status = 200;
    await visit(program, "/dead-letters", {}, async ({ page }) => {
      await page.getByRole("region", { name: "rejected" }).getByRole("button", { name: "Send again…" }).click();
      await page.getByRole("dialog").getByLabel("At most (events a second)").fill("100");
      await page.getByRole("dialog").getByRole("button", { name: "Send again" }).click();
      await page.getByText(/Done:\s+12 of 12 sent again/).waitFor();
    });
    await eventually(async () => (await Promise.all(many.map((each) => stateOf(each.id)))).every((state) => state === "fired"), "twelve fired", 60_000);
  });

  it("reads the analytics and takes them along as CSV", async () => {
    const told = await eventually(async () => {
      const found = await program.call("GET", "/admin/schedules/monitoring/analytics/summary?hours=24");
      return found.by_event.some((each) => each.event === "system.ping") && found;
    }, "executions in the analytics");
    await visit(program, "/analytics", {}, async ({ page }) => {
      const row = page.getByRole("row", { name: /system\.ping/ });
      await row.waitFor();
      const ping = told.by_event.find((each) => each.event === "system.ping");
      await row.getByText(String(ping.total_executions), { exact: true }).first().waitFor();
      await page.getByRole("region", { name: "Errors" }).getByText(/400/).first().waitFor();
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Events as CSV" }).click()]);
      const lines = readFileSync(await download.path(), "utf8").split("\r\n");
      assert.equal(lines[0].split(",")[0], "event");
      const cells = lines.find((line) => line.startsWith("system.ping,")).split(",");
      assert.equal(Number(cells[1]), ping.total_executions);
      await page.getByLabel("Range").selectOption({ label: "last 90 days" });
      await page.getByRole("heading", { name: "Executions by day" }).waitFor();
    });
  });

  it("changes a setting while the program runs, and refuses a wrong value in words", () =>
    visit(program, "/settings", { allow: REFUSED }, async ({ page }) => {
      await page.getByLabel("Search").fill("schedules_MAX_CONCURRENT_EXECUTIONS");
      await eventually(async () => (await page.locator("tbody tr").count()) === 1, "one setting");
      const change = async (value) => {
        await page.getByLabel("New value").fill(value);
        await page.locator("tbody").getByRole("button", { name: "Save" }).click();
        await page.locator(".el-message-box").getByRole("button", { name: "Change it" }).click();
      };
      await page.getByRole("button", { name: "Change Max concurrent executions" }).click();
      await change("-5");
      await page.locator("tbody").getByRole("alert").waitFor();
      await change("7");
      await page.locator("tbody").getByText("override", { exact: true }).waitFor();
      assert.deepEqual(await program.call("POST", "/admin/settings/get", { keys: ["schedules_MAX_CONCURRENT_EXECUTIONS"] }), { schedules_MAX_CONCURRENT_EXECUTIONS: 7 });
    }));

  it("says that the server is away, and goes on when it is back", async () => {
    await program.call("POST", "/admin/schedules", { name: "before-the-restart", event_type: "a", event_action: "b", every_seconds: 3600 });
    await visit(program, "/schedules", { allow: AWAY }, async ({ page }) => {
      await page.getByRole("link", { name: "before-the-restart" }).waitFor();
      await page.getByText("live", { exact: true }).waitFor();
      await program.kill();
      await page.getByText("Disconnected.").waitFor();
      await page.getByRole("link", { name: "before-the-restart" }).waitFor(); // what was there stays readable
      await program.start();
      await page.getByText("Disconnected.").waitFor({ state: "detached" });
      await page.getByText("live", { exact: true }).waitFor();
      await program.call("POST", "/admin/schedules", { name: "after-the-restart", event_type: "a", event_action: "b", every_seconds: 3600 });
      await page.getByLabel("Name").fill("after-");
      await page.getByRole("link", { name: "after-the-restart" }).waitFor();
    });
  });
});
