// A schedule's rule in words, and how its previews are asked for.
import { get } from "../api/client";
import type { Occurrence, Preview, Schedule } from "../api/types";
import { formatSpan, formatTime } from "../parts/format";

export function ruleOf(schedule: Schedule): string {
  if (schedule.one_time) return `once, ${formatTime(schedule.execution_time)}`;
  if (schedule.cron_expression) return schedule.cron_expression;
  return schedule.every_seconds ? `every ${formatSpan(Number(schedule.every_seconds))}` : "no rule";
}

export interface RuleFields {
  kind: "cron" | "every" | "once";
  cron: string;
  everySeconds: number | null;
  timezone: string;
  dstGap: string;
  dstOverlap: string;
  jitterSeconds: number;
  startAt: string | null;
  scheduleId?: string | undefined;
}

export interface Next {
  occurrences: Occurrence[];
  notes: string[];
}

/** The next ten by the server's own engine. An interval counts from its start, where there is one. */
export async function previewOf(rule: RuleFields, signal: AbortSignal): Promise<Next> {
  const expr = rule.kind === "cron" ? rule.cron.trim() : `@every ${rule.everySeconds ?? 0}s`;
  const later = rule.startAt && Date.parse(rule.startAt) > Date.now() ? rule.startAt : undefined;
  const found = await get<Preview>("/api/v1/schedules/preview", {
    expr, tz: rule.timezone, n: 10, dst_gap: rule.dstGap, dst_overlap: rule.dstOverlap, jitter_seconds: rule.jitterSeconds,
    schedule_id: rule.scheduleId, after: later,
  }, signal);
  return { occurrences: found.occurrences, notes: found.notes };
}

export interface Template {
  name: string;
  cron?: string;
  everySeconds?: number;
}

export const TEMPLATES: Template[] = [
  { name: "Every minute", cron: "* * * * *" },
  { name: "Every 15 minutes", cron: "*/15 * * * *" },
  { name: "Every hour", cron: "0 * * * *" },
  { name: "Every day at 02:30", cron: "30 2 * * *" },
  { name: "Weekdays at 09:00", cron: "0 9 * * 1-5" },
  { name: "Mondays at 08:00", cron: "0 8 * * 1" },
  { name: "First of the month", cron: "0 0 1 * *" },
  { name: "Last day of the month", cron: "0 0 L * *" },
  { name: "Every 90 seconds", everySeconds: 90 },
];
