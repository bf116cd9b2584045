// How times, spans and figures are shown.
const dateTime = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});

export const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function formatTime(iso: string | null | undefined): string {
  if (!iso) return "–";
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : dateTime.format(at);
}

/** In another zone, with the zone's name; where the browser does not know the zone, in UTC. */
export function formatIn(iso: string, zone: string): string {
  const options: Intl.DateTimeFormatOptions = {
    weekday: "short", year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    hour12: false, timeZoneName: "short",
  };
  try {
    return new Intl.DateTimeFormat(undefined, { ...options, timeZone: zone }).format(new Date(iso));
  } catch {
    return new Intl.DateTimeFormat(undefined, { ...options, timeZone: "UTC" }).format(new Date(iso));
  }
}

const STEPS: [number, string][] = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

/** Two units at most: 3 d 4 h, 12 s, 250 ms. */
export function formatSpan(seconds: number): string {
  const size = Math.abs(seconds);
  if (size === 0) return "0 ms";
  if (size < 1) return size < 0.001 ? `${(size * 1e6).toFixed(0)} µs` : `${(size * 1000).toFixed(size < 0.01 ? 1 : 0)} ms`;
  if (size < 10) return `${size.toFixed(1)} s`;
  let rest = Math.round(size);
  const parts: string[] = [];
  for (const [unit, name] of STEPS) {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    if (count > 0) parts.push(`${count} ${name}`);
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

export function formatRelative(iso: string | null | undefined, now: number): string {
  if (!iso) return "";
  const seconds = (new Date(iso).getTime() - now) / 1000;
  if (Math.abs(seconds) < 1) return "now";
  const span = Math.abs(seconds) < 10 ? `${Math.round(Math.abs(seconds))} s` : formatSpan(seconds);
  return seconds > 0 ? `in ${span}` : `${span} ago`;
}

export const formatCount = (count: number): string => count.toLocaleString();
export const formatPercent = (share: number): string => `${(share * 100).toFixed(share > 0.99 && share < 1 ? 2 : 1)} %`;
export const formatMs = (ms: number | null | undefined): string => (ms == null ? "–" : ms === 0 ? "under 1 ms" : formatSpan(ms / 1000));

/** For <input type="datetime-local">, in the viewer's zone. */
export function toLocalInput(iso: string | null | undefined): string {
  if (!iso) return "";
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

export function fromLocalInput(text: string): string | null {
  if (text === "") return null;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
