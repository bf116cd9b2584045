// One event's life as steps, from what the server knows of it.
import type { SchedulerEvent } from "../api/types";
import { formatSpan } from "../parts/format";

export interface Step {
  kind: "good" | "bad" | "warn" | "info" | "quiet";
  at: string | null;
  what: string;
  detail?: string;
}

const ENDS: Record<string, { kind: Step["kind"]; what: string }> = {
  fired: { kind: "good", what: "Published" },
  cancelled: { kind: "quiet", what: "Cancelled: it will never be delivered" },
  skipped: { kind: "warn", what: "Skipped: it was not published" },
  dead: { kind: "bad", what: "Given up: it is a dead letter" },
};

const seconds = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;
const words = (code: string | null | undefined): string => (code ?? "").replaceAll("_", " ");

function begun(event: SchedulerEvent): Step[] {
  const from = event.source === "scheduler" || event.schedule_id ? "Planned by its schedule" : event.source === "api_request" ? "Accepted over the API" : `Accepted from ${words(event.source) || "outside"}`;
  if (!event.created_at) return [];
  const kept = event.store ? `Kept in ${event.store}${event.tier ? `, ${event.tier} tier` : ""}.` : "";
  const key = event.idempotency_key ? ` Idempotency key: ${event.idempotency_key}.` : "";
  const missed = event.missed_count ? ` It stands for ${event.missed_count} missed occurrences.` : "";
  return [{ kind: "info", at: event.created_at, what: from, detail: kept + key + missed }];
}

function due(event: SchedulerEvent): Step {
  const nominal = event.nominal_at && event.nominal_at !== event.scheduled_at ? " Its occurrence was moved by jitter or catch-up." : "";
  const late = event.late ? " It was due in the past when it came and fires at once." : "";
  return { kind: "info", at: event.scheduled_at, what: "Due", detail: (late + nominal).trim() };
}

function tries(event: SchedulerEvent): Step[] {
  return (event.attempts ?? []).map((each, index) => ({
    kind: "bad", at: each.at, what: `Try ${index + 1} failed, ${formatSpan(Math.max(0, seconds(event.scheduled_at, each.at)))} after its due time`,
    detail: each.error,
  }));
}

function end(event: SchedulerEvent): Step[] {
  const outcome = event.outcome;
  if (!outcome) {
    if (event.state === "in_flight") return [{ kind: "warn", at: null, what: "Being published now", detail: event.owner ? `By ${event.owner}.` : "" }];
    const next = event.next_attempt_at ?? event.scheduled_at;
    const try_ = event.attempt > 0 ? `Try ${event.attempt + 1} will be made` : "It will be published";
    return [{ kind: "quiet", at: next, what: try_, detail: event.owner ? `By ${event.owner}.` : "" }];
  }
  const known = ENDS[outcome.state ?? event.state] ?? { kind: "info" as const, what: words(event.state) };
  const at = outcome.settled_at ?? outcome.at ?? null;
  const late = outcome.state === "fired" && outcome.at ? ` ${formatSpan(Math.max(0, seconds(event.scheduled_at, outcome.at)))} after its due time` : "";
  const where = outcome.sink ? `To ${outcome.sink}${outcome.position ? `, at ${outcome.position}` : ""}.` : "";
  const why = [words(outcome.reason), outcome.detail].filter(Boolean).join(": ");
  const by = event.node_id ? `By ${event.node_id}.` : "";
  return [{ kind: known.kind, at, what: known.what + late, detail: [where, why, by].filter(Boolean).join(" ") }];
}

export function storyOf(event: SchedulerEvent): Step[] {
  const ended = event.outcome?.state;
  const early = ended === "cancelled" && event.outcome?.at && event.outcome.at < event.scheduled_at;
  const middle = early ? [] : [due(event)];
  return [...begun(event), ...middle, ...tries(event), ...end(event)];
}
