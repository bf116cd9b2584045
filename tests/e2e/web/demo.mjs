// A system as it could be: schedules, events that wait, fire and die. For pictures, and for looking at every view.
import { eventually } from "./program.mjs";

const SCHEDULES = [
  ["Nightly cleanup", "system", "cleanup", "30 2 * * *", "Europe/Berlin"], ["Weekly report", "report", "generate", "0 8 * * 1", "Europe/London"],
  ["Monthly billing", "billing", "process", "0 0 1 * *", "UTC"], ["Cache warm-up", "cache", "warm", "*/15 * * * *", "UTC"],
  ["Digest for subscribers", "mail", "digest", "0 18 * * 1-5", "America/New_York"], ["Heartbeat", "system", "heartbeat", "*/2 * * * * *", "UTC"],
];

/** Answers the schedule that fires all the time, and the events that died, as `receiver` refuses them. */
export async function fillDemo(program, receiver) {
  receiver.status = 400;
  let beat;
  for (const [name, event_type, event_action, cron_expression, timezone] of SCHEDULES) {
    beat = await program.call("POST", "/admin/schedules", { name, event_type, event_action, cron_expression, timezone, tags: ["demo"] });
  }
  const event = (fields) => program.call("POST", "/events", { topic: "orders", entity_type: "order", action: "remind", body: { text: "Still there?" }, ...fields });
  for (let index = 0; index < 60; index++) await event({ entity_id: `${4000 + index}`, delay_seconds: 300 + index * 1380 });
  for (let index = 0; index < 25; index++) await event({ entity_id: `${index}`, action: "paid", delay_seconds: 0 });
  const lost = [];
  for (let index = 0; index < 4; index++) {
    lost.push(await event({ entity_type: "invoice", entity_id: `${index}`, action: "send", delay_seconds: 0, max_retries: 0,
                            target: { type: "webhook", url: `${receiver.url}/hook` } }));
  }
  await eventually(async () => (await program.call("GET", "/dead-letters")).items.length === lost.length, "dead letters");
  await eventually(async () => (await program.call("GET", `/admin/schedules/${beat.id}/executions`)).length >= 3, "executions");
  return { beat, lost };
}
