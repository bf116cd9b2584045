// Short names for the shapes that api/openapi.yaml gives.
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
type Json<T> = T extends { content: { "application/json": infer B } } ? B : never;
/** What a GET of the path answers with 200. */
export type Answer<P extends keyof paths> = paths[P] extends { get: { responses: { 200: infer R } } } ? Json<R> : never;

export type Schedule = Schemas["Schedule"];
export type ScheduleFields = Schemas["ScheduleFields"];
export type Execution = Schemas["Execution"];
export type ScheduleStats = Schemas["ScheduleStats"];
export type SchedulerEvent = Schemas["Event"];
export type EventPage = Schemas["EventPage"];
export type EventFilter = Schemas["EventFilter"];
export type EventState = Schemas["State"];
export type DeadLetter = Schemas["DeadLetter"];
export type Definition = Schemas["Definition"];
export type Alert = Schemas["Alert"];
export type AlertPage = Answer<"/api/v1/alerts">;
export type AuditPage = Answer<"/api/v1/audit">;
export type Job = Schemas["Job"];
export type Cluster = Schemas["Cluster"];
export type Health = Schemas["Health"];
export type Stats = Schemas["Stats"];
export type Measures = Schemas["Measures"];
export type AnalyticsHealth = Schemas["AnalyticsHealth"];
export type Forecast = Schemas["Forecast"];
export type SettingSource = Schemas["SettingSource"];
export type Preview = Answer<"/api/v1/schedules/preview">;
export type Occurrence = Preview["occurrences"][number];
export type Summary = Answer<"/api/v1/admin/schedules/monitoring/analytics/summary">;
export type Performance = Answer<"/api/v1/admin/schedules/monitoring/analytics/performance">;

/** The metadata of one setting, as GET /api/v1/admin/settings/schemas gives it. */
export interface SettingSchema {
  key: string;
  label: string;
  description: string;
  group: string;
  subgroup: string;
  type: string;
  component: string;
  options: { value: string; label: string }[] | null;
  min: number | null;
  max: number | null;
  secret: boolean;
  restart_required: boolean;
  order: number;
  unit: string;
  default_value: unknown;
}
