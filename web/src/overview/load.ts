// What will fire in the next 24 hours, counted from the waiting events and from what each active schedule plans.
import { get } from "../api/client";
import type { EventPage, Preview, Schedule } from "../api/types";

const HOUR = 3_600_000;
export const SLOT = HOUR / 4;
export const SLOTS = 96;
const MAX_EVENTS = 5000;
const MAX_SCHEDULES = 40;
const MAX_OCCURRENCES = 1000;

export interface Load {
  from: number;
  counts: number[];
  /** Why the picture is not whole, in words; empty if it is. */
  left: string[];
}

export function slotOf(at: number, from: number): number {
  const slot = Math.floor((at - from) / SLOT);
  return slot >= 0 && slot < SLOTS ? slot : -1;
}

/** Adds occurrences; where the list was cut off, goes on at the pace that it had. */
export function addOccurrences(counts: number[], times: number[], from: number, cut: boolean): void {
  for (const at of times) {
    const slot = slotOf(at, from);
    if (slot >= 0) counts[slot]!++;
  }
  const first = times[0];
  const last = times.at(-1);
  if (!cut || first === undefined || last === undefined || last <= first) return;
  const each = (last - first) / (times.length - 1);
  for (let slot = slotOf(last, from); slot >= 0 && slot < SLOTS; slot++) {
    const begins = Math.max(from + slot * SLOT, last);
    counts[slot]! += Math.round((from + (slot + 1) * SLOT - begins) / each);
  }
}

async function addEvents(load: Load, signal: AbortSignal): Promise<void> {
  let cursor: string | null = null;
  let seen = 0;
  do {
    const page: EventPage = await get<EventPage>("/api/v1/events", {
      status: "pending", due_to: new Date(load.from + SLOTS * SLOT).toISOString(), limit: 1000, cursor,
    }, signal);
    for (const event of page.items) {
      const slot = slotOf(Math.max(Date.parse(event.scheduled_at), load.from), load.from);
      if (slot >= 0) load.counts[slot]!++;
    }
    seen += page.items.length;
    cursor = page.next_cursor;
  } while (cursor && seen < MAX_EVENTS);
  if (cursor) load.left.push(`only the first ${seen.toLocaleString()} waiting events are counted`);
}

async function occurrencesOf(schedule: Schedule, from: number, signal: AbortSignal): Promise<{ times: number[]; cut: boolean }> {
  const end = from + SLOTS * SLOT;
  const next = schedule.next_execution ? Date.parse(schedule.next_execution) : NaN;
  if (Number.isNaN(next) || next > end) return { times: [], cut: false };
  if (!schedule.cron_expression) {
    const every = Number(schedule.every_seconds ?? 0) * 1000;
    if (every <= 0) return { times: [next], cut: false };
    const times: number[] = [];
    for (let at = next; at < end && times.length < MAX_OCCURRENCES; at += every) times.push(at);
    return { times, cut: times.length === MAX_OCCURRENCES };
  }
  const preview = await get<Preview>("/api/v1/schedules/preview", {
    expr: schedule.cron_expression, tz: schedule.timezone, n: MAX_OCCURRENCES, schedule_id: schedule.id,
    dst_gap: schedule.dst_gap, dst_overlap: schedule.dst_overlap,
  }, signal);
  const times = preview.occurrences.map((each) => Date.parse(each.at)).filter((at) => at < end);
  return { times, cut: times.length === MAX_OCCURRENCES };
}

async function addSchedules(load: Load, signal: AbortSignal): Promise<void> {
  const found = await get<Schedule[]>("/api/v1/admin/schedules", { status_filter: "active", limit: MAX_SCHEDULES + 1 }, signal);
  const waiting = found.slice(0, MAX_SCHEDULES);
  if (found.length > MAX_SCHEDULES) load.left.push(`only ${MAX_SCHEDULES} of the active schedules are counted`);
  await Promise.all([0, 1, 2, 3].map(async () => {
    for (let schedule = waiting.shift(); schedule; schedule = waiting.shift()) {
      const { times, cut } = await occurrencesOf(schedule, load.from, signal);
      addOccurrences(load.counts, times, load.from, cut);
    }
  }));
}

export async function loadAhead(signal: AbortSignal): Promise<Load> {
  const from = Math.floor(Date.now() / HOUR) * HOUR;
  const load: Load = { from, counts: new Array<number>(SLOTS).fill(0), left: [] };
  await addEvents(load, signal);
  await addSchedules(load, signal);
  return load;
}
