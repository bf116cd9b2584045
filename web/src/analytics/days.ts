// Hours put together to days of the viewer's zone. Percentiles cannot be added and are left out.
import type { Performance } from "../api/types";

type Bucket = Performance["buckets"][number];

export function byDay(buckets: Bucket[]): Bucket[] {
  const days = new Map<number, Bucket>();
  for (const each of buckets) {
    const start = new Date(each.hour);
    start.setHours(0, 0, 0, 0);
    const day = days.get(start.getTime());
    if (!day) {
      days.set(start.getTime(), { ...each, hour: start.toISOString() });
      continue;
    }
    day.total_executions += each.total_executions;
    day.successful += each.successful;
    day.failed += each.failed;
    day.skipped = (day.skipped ?? 0) + (each.skipped ?? 0);
  }
  return [...days.values()];
}
