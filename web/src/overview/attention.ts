// What an operator should look at first, worst first.
import type { Alert, Health, Summary } from "../api/types";
import { formatCount, formatSpan } from "../parts/format";

export interface Concern {
  kind: "bad" | "warn";
  text: string;
  to?: string;
  action?: string;
}

export interface Known {
  health?: Health | undefined;
  summary?: Summary | undefined;
  alerts?: readonly Alert[] | undefined;
  overdue: number;
  overdueSchedules: number;
  deadLetters: number;
  dropped: number;
  openBreakers: string[];
  p99: number | null;
}

const counted = (count: number, one: string, many: string): string => `${formatCount(count)} ${count === 1 ? one : many}`;

function ofHealth(health: Health | undefined): Concern[] {
  return Object.entries(health?.services ?? {}).filter(([, part]) => part.status !== "healthy").map(([name, part]) => ({
    kind: "bad", text: `${name} is ${part.status.replaceAll("_", " ")}${part.detail ? `: ${part.detail}` : ""}`, to: "/cluster",
    action: "Cluster",
  }));
}

function ofFailures(summary: Summary | undefined): Concern[] {
  const failing = [...(summary?.by_event ?? [])].filter((each) => each.failed > 0).sort((a, b) => b.failed - a.failed);
  return failing.slice(0, 3).map((each) => ({
    kind: "warn", text: `${each.event}: ${formatCount(each.failed)} of ${formatCount(each.total_executions)} failed in the last hour`,
    to: "/analytics", action: "Analytics",
  }));
}

const MOST_ALERTS = 5;

function ofAlerts(alerts: readonly Alert[] = []): Concern[] {
  const shown: Concern[] = alerts.slice(0, MOST_ALERTS).map((each) => ({
    kind: "bad", text: each.text, to: `/schedules/${encodeURIComponent(each.schedule_id)}`, action: "Schedule",
  }));
  const more = alerts.length - shown.length;
  if (more > 0) shown.push({ kind: "bad", text: counted(more, "more schedule is in alarm", "more schedules are in alarm"), to: "/schedules", action: "Schedules" });
  return shown;
}

export function concerns(known: Known): Concern[] {
  const found = [...ofHealth(known.health), ...ofAlerts(known.alerts)];
  if (known.overdue > 0) {
    found.push({ kind: "bad", text: counted(known.overdue, "event is late by more than 5 minutes", "events are late by more than 5 minutes"),
                 to: "/events", action: "Events" });
  }
  if (known.overdueSchedules > 0) {
    found.push({ kind: "bad", text: counted(known.overdueSchedules, "schedule was due a minute ago and has not fired",
                                            "schedules were due a minute ago and have not fired"), to: "/schedules", action: "Schedules" });
  }
  if (known.deadLetters > 0) {
    found.push({ kind: "bad", text: counted(known.deadLetters, "event could not be delivered", "events could not be delivered"),
                 to: "/dead-letters", action: "Dead letters" });
  }
  for (const target of known.openBreakers.slice(0, 3)) {
    found.push({ kind: "bad", text: `${target} does not answer: its breaker is open, its events wait`, to: "/cluster", action: "Cluster" });
  }
  if (known.dropped > 0) {
    found.push({ kind: "warn", text: counted(known.dropped, "execution record was dropped", "execution records were dropped") +
                 ": the history has gaps" });
  }
  if (known.p99 !== null && known.p99 > 1) {
    found.push({ kind: "warn", text: `1 % of the events fire more than ${formatSpan(known.p99)} late`, to: "/analytics", action: "Analytics" });
  }
  return [...found, ...ofFailures(known.summary)].sort((a, b) => Number(a.kind === "warn") - Number(b.kind === "warn"));
}
