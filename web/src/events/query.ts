// The filters of the event list, and how they go to the server.
import type { EventFilter } from "../api/types";

export interface EventQuery {
  status: string;
  tier: string;
  topic: string;
  action: string;
  entity: string;
  correlationId: string;
  scheduleId: string;
  tag: string;
  dueFrom: string | null;
  dueTo: string | null;
}

export const emptyQuery = (): EventQuery => ({
  status: "pending", tier: "", topic: "", action: "", entity: "", correlationId: "", scheduleId: "", tag: "", dueFrom: null, dueTo: null,
});

/** What a bulk call takes: its filter knows no state, as only waiting events can be changed. */
export function filterOf(query: EventQuery): EventFilter {
  const filter: Record<string, string> = {};
  const put = (name: string, value: string | null): void => {
    if (value) filter[name] = value;
  };
  put("topic", query.topic);
  put("action", query.action);
  put("entity", query.entity);
  put("correlation_id", query.correlationId);
  put("schedule_id", query.scheduleId);
  put("tag", query.tag);
  put("due_from", query.dueFrom);
  put("due_to", query.dueTo);
  return filter;
}

export const parametersOf = (query: EventQuery, limit: number, cursor: string | null): Record<string, string | number | null> => ({
  ...(filterOf(query) as Record<string, string>), status: query.status, limit, cursor,
});

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const isEventId = (text: string): boolean => UUID.test(text.trim());
