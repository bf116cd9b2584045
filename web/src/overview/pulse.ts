// Figures of the metrics page, sampled while the page is open, so that rates can be shown.
import { reactive } from "vue";

import { callText } from "../api/client";
import { connection } from "../api/connection";
import { buckets, bucketsSince, parseMetrics, quantile, total, type Sample } from "../api/metrics";
import { session } from "../api/session";

export interface Beat {
  at: number;
  fired: number;
  failed: number;
  lateness: [number, number][];
}

const EVERY_MS = 5000;
const KEPT = 360; // half an hour

export const pulse = reactive({
  beats: [] as Beat[],
  near: 0, far: 0, inFlight: 0, ready: 0, deadLetters: 0, executionsWaiting: 0, executionsDropped: 0, clockJumps: 0,
  startedAt: 0, memory: 0, openBreakers: [] as string[], version: "", loaded: false,
});

function beatOf(samples: Sample[], at: number): Beat {
  return {
    at, fired: total(samples, "schedules_events_fired_total"), failed: total(samples, "schedules_publishes_failed_total"),
    lateness: buckets(samples, "schedules_event_lateness_seconds"),
  };
}

export function take(text: string, at: number): void {
  const samples = parseMetrics(text);
  const beat = beatOf(samples, at);
  const last = pulse.beats.at(-1);
  if (last && beat.fired < last.fired) pulse.beats = []; // started anew
  pulse.beats = [...pulse.beats, beat].slice(-KEPT);
  pulse.near = total(samples, "schedules_events_pending", { tier: "near" });
  pulse.far = total(samples, "schedules_events_pending", { tier: "far" });
  pulse.inFlight = total(samples, "schedules_queue_depth", { queue: "in_flight" });
  pulse.ready = total(samples, "schedules_queue_depth", { queue: "ready" });
  pulse.deadLetters = total(samples, "schedules_dead_letters");
  pulse.executionsWaiting = total(samples, "schedules_executions_waiting");
  pulse.executionsDropped = total(samples, "schedules_executions_dropped_total");
  pulse.clockJumps = total(samples, "schedules_clock_jumps_total");
  pulse.startedAt = total(samples, "process_start_time_seconds") * 1000;
  pulse.memory = total(samples, "process_resident_memory_bytes");
  pulse.version = samples.find((sample) => sample.name === "schedules_build_info")?.labels.version ?? "";
  pulse.openBreakers = samples.filter((each) => each.name === "schedules_breaker_state" && each.value > 0)
    .map((each) => each.labels.lane ?? "");
  pulse.loaded = true;
}

export interface Rate {
  at: number;
  fired: number;
  failed: number;
}

/** Per minute, between each beat and the one before. */
export function rates(beats: Beat[]): Rate[] {
  return beats.slice(1).map((beat, index) => {
    const before = beats[index]!;
    const minutes = Math.max(beat.at - before.at, 1) / 60_000;
    return { at: beat.at, fired: Math.max(0, beat.fired - before.fired) / minutes,
             failed: Math.max(0, beat.failed - before.failed) / minutes };
  });
}

/** Lateness over what fired while the page was open; before anything did, since the program's start. */
export function lateness(beats: Beat[]): { p50: number | null; p99: number | null; sinceStart: boolean } {
  const first = beats[0];
  const last = beats.at(-1);
  if (!first || !last) return { p50: null, p99: null, sinceStart: true };
  let of = bucketsSince(last.lateness, first.lateness);
  const sinceStart = (of.at(-1)?.[1] ?? 0) === 0;
  if (sinceStart) of = last.lateness;
  return { p50: quantile(0.5, of), p99: quantile(0.99, of), sinceStart };
}

async function sample(): Promise<void> {
  if (document.hidden || connection.lost || session.wanted) return;
  try {
    take(await callText("GET", "/metrics"), Date.now());
  } catch {
    // Said by the banner; the next one will tell.
  }
}

let started = false;
export function startPulse(): void {
  if (!started) setInterval(() => void sample(), EVERY_MS);
  started = true;
  void sample();
}
