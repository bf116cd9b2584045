// What the editor holds, and how it becomes what the server takes.
import type { Schedule } from "../api/types";
import { alertFormOf, alertPolicyOf, emptyAlerts, type AlertForm } from "./alerts";

export interface ScheduleForm {
  name: string;
  description: string;
  eventType: string;
  eventAction: string;
  entityId: string;
  payload: string;
  topic: string;
  targetType: string;
  targetUrl: string;
  kind: "cron" | "every" | "once";
  cron: string;
  everySeconds: number | null;
  executionTime: string | null;
  timezone: string;
  startAt: string | null;
  endAt: string | null;
  maxCount: number | null;
  jitterSeconds: number;
  dstGap: string;
  dstOverlap: string;
  catchUp: string;
  lateAfter: number;
  catchUpMax: number;
  overlap: string;
  overlapLimit: number;
  maxRetries: number;
  retryDelaySeconds: number;
  priority: number;
  maxDelaySeconds: number | null;
  tags: string;
  alerts: AlertForm;
  enabled: boolean;
}

export function emptyForm(zone: string): ScheduleForm {
  return {
    name: "", description: "", eventType: "", eventAction: "", entityId: "", payload: "{}", topic: "", targetType: "automatic",
    targetUrl: "", kind: "cron", cron: "0 9 * * 1-5", everySeconds: 60, executionTime: null, timezone: zone, startAt: null, endAt: null,
    maxCount: null, jitterSeconds: 0, dstGap: "shift_forward", dstOverlap: "first", catchUp: "last", lateAfter: 10, catchUpMax: 100,
    overlap: "allow", overlapLimit: 1, maxRetries: 3, retryDelaySeconds: 60, priority: 0, maxDelaySeconds: null, tags: "",
    alerts: emptyAlerts(), enabled: true,
  };
}

export function formOf(schedule: Schedule): ScheduleForm {
  return {
    name: schedule.name ?? "", description: schedule.description ?? "", eventType: schedule.event_type ?? "", eventAction: schedule.event_action ?? "",
    entityId: schedule.event_entity_id ?? "", payload: JSON.stringify(schedule.event_payload ?? {}, null, 2), topic: schedule.topic ?? "",
    targetType: schedule.target?.type ?? "automatic", targetUrl: schedule.target?.url ?? "",
    kind: schedule.one_time ? "once" : schedule.cron_expression ? "cron" : "every", cron: schedule.cron_expression ?? "",
    everySeconds: schedule.every_seconds == null ? null : Number(schedule.every_seconds), executionTime: schedule.execution_time ?? null,
    timezone: schedule.timezone ?? "UTC", startAt: schedule.start_at ?? null, endAt: schedule.end_at ?? null,
    maxCount: schedule.max_count ?? null, jitterSeconds: Number(schedule.jitter_seconds ?? 0), dstGap: schedule.dst_gap ?? "shift_forward",
    dstOverlap: schedule.dst_overlap ?? "first", catchUp: schedule.catch_up ?? "last", lateAfter: schedule.late_after ?? 10,
    catchUpMax: schedule.catch_up_max ?? 100, overlap: schedule.overlap ?? "allow", overlapLimit: schedule.overlap_limit ?? 1,
    maxRetries: schedule.max_retries ?? 3, retryDelaySeconds: schedule.retry_delay_seconds ?? 60, priority: schedule.priority ?? 0,
    maxDelaySeconds: schedule.max_delay_seconds ?? null, tags: (schedule.tags ?? []).join(", "),
    alerts: alertFormOf(schedule.alerts), enabled: schedule.enabled ?? true,
  };
}

export const tagsOf = (text: string): string[] => text.split(",").map((tag) => tag.trim()).filter((tag) => tag !== "");

/** A text that is a JSON object. Throws with words for the reader. */
export function objectOf(text: string): Record<string, unknown> {
  let read: unknown;
  try {
    read = JSON.parse(text.trim() === "" ? "{}" : text);
  } catch (error) {
    throw new Error(`This is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof read !== "object" || read === null || Array.isArray(read)) throw new Error("It has to be a JSON object: {…}");
  return read as Record<string, unknown>;
}

/** The body of a create or update: the rule that was not chosen is cleared. */
export function bodyOf(form: ScheduleForm): Record<string, unknown> {
  const body: Record<string, unknown> = {
    name: form.name, description: form.description || null, event_type: form.eventType, event_action: form.eventAction,
    event_entity_id: form.entityId || null, event_payload: objectOf(form.payload), topic: form.topic || null,
    target: form.targetType === "webhook" ? { type: "webhook", url: form.targetUrl } : { type: form.targetType },
    cron_expression: form.kind === "cron" ? form.cron.trim() : null, every_seconds: form.kind === "every" ? form.everySeconds : null,
    one_time: form.kind === "once", execution_time: form.kind === "once" ? form.executionTime : null, timezone: form.timezone,
    start_at: form.startAt, end_at: form.endAt, max_count: form.maxCount, jitter_seconds: form.jitterSeconds, dst_gap: form.dstGap,
    dst_overlap: form.dstOverlap, catch_up: form.catchUp, late_after: form.lateAfter, catch_up_max: form.catchUpMax, overlap: form.overlap,
    overlap_limit: form.overlapLimit, max_retries: form.maxRetries, retry_delay_seconds: form.retryDelaySeconds, priority: form.priority,
    max_delay_seconds: form.maxDelaySeconds, tags: tagsOf(form.tags), alerts: alertPolicyOf(form.alerts),
  };
  return body;
}
