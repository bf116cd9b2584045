// What can be done to events.
import { ApiError, call, messageOf, post, segment } from "../api/client";
import type { EventFilter, Job, SchedulerEvent } from "../api/types";
import { formatCount } from "../parts/format";
import { count, follow } from "../parts/jobs";
import { asked, confirmed, failed, said } from "../parts/notify";

const path = (id: string): string => `/api/v1/events/${segment(id)}`;

/** Cancels one; answers why not, or "". */
async function cancel(id: string): Promise<string> {
  try {
    await call("DELETE", path(id), { query: { wait: 2000 } });
    return "";
  } catch (error) {
    const result = error instanceof ApiError ? (error.body as { result?: string } | null)?.result : undefined;
    return result ? result.replaceAll("_", " ") : messageOf(error);
  }
}

export async function cancelOne(event: SchedulerEvent, done: () => unknown): Promise<void> {
  if (!(await confirmed("It will never be delivered. This cannot be taken back.", "Cancel the event", "Cancel this event?"))) return;
  const why = await cancel(event.id);
  await done();
  if (why) failed(new Error(why), "Not cancelled");
  else said("Cancelled.");
}

export async function cancelThese(events: SchedulerEvent[], done: () => unknown): Promise<void> {
  const question = `${formatCount(events.length)} selected events will never be delivered. This cannot be taken back.`;
  if (!(await confirmed(question, "Cancel the events", "Cancel these events?"))) return;
  const waiting = events.map((each) => each.id);
  const refused: string[] = [];
  await Promise.all([0, 1, 2, 3].map(async () => {
    for (let id = waiting.shift(); id; id = waiting.shift()) {
      const why = await cancel(id);
      if (why) refused.push(why);
    }
  }));
  await done();
  said(`Cancelled ${formatCount(events.length - refused.length)} events.`);
  if (refused.length > 0) failed(new Error([...new Set(refused)].join(", ")), `${formatCount(refused.length)} were not cancelled`);
}

/** Of all that match: counted first, then confirmed by the number, then followed. */
export async function cancelMatching(filter: EventFilter, told: (job: Job) => void, done: () => unknown): Promise<void> {
  const body = { filter, all: Object.keys(filter).length === 0 };
  try {
    const matched = await count("/api/v1/events/cancel", body);
    if (matched === 0) return said("No waiting event matches.");
    const question = `${formatCount(matched)} waiting events match. None of them will be delivered. This cannot be taken back.`;
    if (!(await confirmed(question, `Cancel ${formatCount(matched)}`, "Cancel all that match?"))) return;
    await follow(await post<Job>("/api/v1/events/cancel", body), told);
    await done();
  } catch (error) {
    failed(error, "Cancel");
  }
}

export async function shiftMatching(filter: EventFilter, told: (job: Job) => void, done: () => unknown): Promise<void> {
  const body = { filter, all: Object.keys(filter).length === 0 };
  try {
    const matched = await count("/api/v1/events/reschedule", { ...body, shift_seconds: 0 });
    if (matched === 0) return said("No waiting event matches.");
    const text = await asked(`${formatCount(matched)} waiting events match. Later by how many minutes? Negative: earlier.`,
                             "Reschedule all that match", "Reschedule", "60");
    if (text === null) return;
    const minutes = Number(text);
    if (text.trim() === "" || !Number.isFinite(minutes)) throw new Error(`"${text}" is not a number of minutes.`);
    await follow(await post<Job>("/api/v1/events/reschedule", { ...body, shift_seconds: minutes * 60 }), told);
    await done();
  } catch (error) {
    failed(error, "Reschedule");
  }
}
