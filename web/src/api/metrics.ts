// The Prometheus text that /metrics gives, and what can be told from it.
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

function valueOf(text: string): number {
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  return Number(text);
}

export function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const found = LINE.exec(line);
    if (!found) continue;
    const labels: Record<string, string> = {};
    for (const label of (found[2] ?? "").matchAll(LABEL)) {
      labels[label[1]!] = label[2]!.replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
    }
    samples.push({ name: found[1]!, labels, value: valueOf(found[3]!) });
  }
  return samples;
}

/** The sum over all samples of a name whose labels are those given. */
export function total(samples: Sample[], name: string, labels: Record<string, string> = {}): number {
  let sum = 0;
  for (const sample of samples) {
    if (sample.name !== name) continue;
    if (Object.entries(labels).every(([key, value]) => sample.labels[key] === value)) sum += sample.value;
  }
  return sum;
}

/** Upper bound and cumulative count of each bucket, in order. */
export function buckets(samples: Sample[], name: string): [number, number][] {
  const found = new Map<number, number>();
  for (const sample of samples) {
    if (sample.name !== `${name}_bucket`) continue;
    const bound = valueOf(sample.labels.le ?? "");
    found.set(bound, (found.get(bound) ?? 0) + sample.value);
  }
  return [...found].sort((a, b) => a[0] - b[0]);
}

/** The value below which the share `q` lies, as Prometheus' histogram_quantile has it; null without any sample. */
export function quantile(q: number, of: [number, number][]): number | null {
  const count = of.at(-1)?.[1] ?? 0;
  if (count <= 0) return null;
  const rank = q * count;
  let below = 0;
  let bound = 0;
  for (const [upper, cumulative] of of) {
    if (cumulative >= rank) {
      if (upper === Infinity) return bound;
      const inside = cumulative - below;
      return inside <= 0 ? upper : bound + (upper - bound) * ((rank - below) / inside);
    }
    below = cumulative;
    bound = upper;
  }
  return bound;
}

/** What was added between two scrapes. A counter that went back has been started anew. */
export function bucketsSince(now: [number, number][], before: [number, number][]): [number, number][] {
  const old = new Map(before);
  const last = (list: [number, number][]): number => list.at(-1)?.[1] ?? 0;
  if (last(now) < last(before)) return now;
  return now.map(([bound, count]) => [bound, count - (old.get(bound) ?? 0)]);
}
