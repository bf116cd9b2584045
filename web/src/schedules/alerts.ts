// A schedule's alerts as the editor holds them, as the server takes them, and in words.
import type { Schedule } from "../api/types";
import { formatSpan } from "../parts/format";

export type AlertPolicy = NonNullable<Schedule["alerts"]>;

export interface AlertForm {
  on: "settings" | "both" | "failure" | "silence" | "nothing";
  tell: "settings" | "webhook" | "nobody";
  url: string;
  afterFailures: number | null;
  graceSeconds: number | null;
  reminderSeconds: number | null;
}

export const emptyAlerts = (): AlertForm =>
  ({ on: "settings", tell: "settings", url: "", afterFailures: null, graceSeconds: null, reminderSeconds: null });

function kindsOf(on: AlertPolicy["on"]): AlertForm["on"] {
  if (!on) return "settings";
  return on.length === 0 ? "nothing" : on.length === 2 ? "both" : on[0]!;
}

export function alertFormOf(policy: Schedule["alerts"]): AlertForm {
  if (!policy) return emptyAlerts();
  const tell = policy.url == null ? "settings" : policy.url === "" ? "nobody" : "webhook";
  return { on: kindsOf(policy.on), tell, url: policy.url ?? "", afterFailures: policy.after_failures ?? null,
           graceSeconds: policy.grace_seconds ?? null, reminderSeconds: policy.reminder_seconds ?? null };
}

const KINDS = { settings: null, both: ["failure", "silence"], failure: ["failure"], silence: ["silence"], nothing: [] } as const;

/** Whole, so that what was cleared is cleared; null where everything is as the settings say. */
export function alertPolicyOf(form: AlertForm): Record<string, unknown> | null {
  const policy = { url: { settings: null, webhook: form.url, nobody: "" }[form.tell], on: KINDS[form.on], after_failures: form.afterFailures,
                   grace_seconds: form.graceSeconds, reminder_seconds: form.reminderSeconds };
  return Object.values(policy).every((each) => each === null) ? null : policy;
}

export function alertsInWords(policy: AlertPolicy): string {
  if (policy.on?.length === 0) return "none";
  const { url, reminder_seconds: reminder } = policy;
  const parts = [
    policy.on ? `on ${policy.on.join(" and ")}` : "", policy.after_failures ? `after ${policy.after_failures} failed runs` : "",
    policy.grace_seconds ? `${formatSpan(policy.grace_seconds)} of grace` : "", url ? `to ${url}` : url === "" ? "nobody is told" : "",
    reminder ? `told again after ${formatSpan(reminder)}` : reminder === 0 ? "told once" : "",
  ];
  return parts.filter((each) => each !== "").join(", ") || "as the settings say";
}
