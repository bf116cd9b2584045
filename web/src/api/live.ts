// What fires, as it fires: one stream for the whole page, read by fetch so that a token can go along.
import { onScopeDispose, reactive, watch } from "vue";

import { authorization } from "./client";
import { connection, reportLost } from "./connection";
import { askForToken, session } from "./session";

export interface Fired {
  sequence: string;
  topic: string;
  at: string;
  eventId: string;
  entity: string;
  action: string;
  scheduleId: string;
  scheduledAt: string;
}

export interface ServerSentEvent {
  id: string;
  event: string;
  data: string;
}

/** Cuts a stream of text into events; text that does not end one is kept for the next call. */
export class EventParser {
  private rest = "";

  push(text: string): ServerSentEvent[] {
    const blocks = (this.rest + text).replace(/\r\n?/g, "\n").split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.map(parseBlock).filter((each): each is ServerSentEvent => each !== null);
  }
}

function parseBlock(block: string): ServerSentEvent | null {
  const data: string[] = [];
  let id = "";
  let event = "message";
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).replace(/^ /, "");
    const field = line.slice(0, colon);
    if (field === "data") data.push(value);
    else if (field === "id") id = value;
    else if (field === "event") event = value;
  }
  return data.length === 0 ? null : { id, event, data: data.join("\n") };
}

export function firedOf(sent: ServerSentEvent): Fired | null {
  try {
    const message = JSON.parse(sent.data) as {
      event_id?: string; timestamp?: string; action?: string; entity?: { type?: string; id?: string };
      metrics?: { custom_metrics?: { schedule_id?: string; scheduled_at?: string } };
    };
    const custom = message.metrics?.custom_metrics;
    return {
      sequence: sent.id, topic: sent.event, at: message.timestamp ?? "", eventId: message.event_id ?? "",
      entity: [message.entity?.type, message.entity?.id].filter(Boolean).join("."), action: message.action ?? "",
      scheduleId: custom?.schedule_id ?? "", scheduledAt: custom?.scheduled_at ?? "",
    };
  } catch {
    return null; // a message of another shape
  }
}

const KEPT = 100;
export const live = reactive({ open: false, fired: [] as Fired[] });

type Listener = (batch: Fired[]) => void;
const listeners = new Set<Listener>();
let waiting: Fired[] = [];
let lastId = "";
let running: AbortController | null = null;

// Thousands may fire in a second: the page is told four times a second at most.
function flush(): void {
  const batch = waiting;
  waiting = [];
  live.fired = [...batch.slice(-KEPT).reverse(), ...live.fired].slice(0, KEPT);
  for (const listener of listeners) listener(batch);
}

function take(sent: ServerSentEvent): void {
  if (sent.id !== "") lastId = sent.id;
  const fired = firedOf(sent);
  if (!fired) return;
  if (waiting.length === 0) setTimeout(flush, 250);
  waiting.push(fired);
}

async function read(signal: AbortSignal): Promise<void> {
  const headers: Record<string, string> = { Accept: "text/event-stream", ...authorization() };
  if (lastId !== "") headers["Last-Event-ID"] = lastId;
  const answer = await fetch("/api/v1/events/stream", { headers, signal, cache: "no-store" });
  if (answer.status === 401) askForToken("The token is not valid any more.");
  if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
  live.open = true;
  const parser = new EventParser();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parser.push(value).forEach(take);
  }
}

async function run(controller: AbortController): Promise<void> {
  let pause = 500;
  while (!controller.signal.aborted && !session.wanted) {
    try {
      await read(controller.signal);
      pause = 500;
    } catch (error) {
      if (controller.signal.aborted) break;
      if (error instanceof TypeError) reportLost();
    }
    live.open = false;
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, 10_000);
    if (connection.lost) break; // begun anew when the server is back
  }
  live.open = false;
}

function restart(): void {
  running?.abort();
  running = new AbortController();
  void run(running);
}

/** Once, at the start of the page. */
export function startLive(): void {
  watch(() => [session.generation, connection.generation], restart, { immediate: true });
}

/** Calls `listener` with what fired, until the component is gone. */
export function onFired(listener: Listener): void {
  listeners.add(listener);
  onScopeDispose(() => listeners.delete(listener));
}
