// What will fire in the next 24 hours, as the server counts it.
import type { Forecast } from "../api/types";
import { formatCount } from "../parts/format";

export const ROWS = 4; // quarters of an hour
export const HOUR = 3_600_000;

export interface Cell {
  at: number;
  count: number;
  /** The server stopped counting: it may be more. */
  more: boolean;
}

export const cellsOf = (forecast: Forecast): Cell[] =>
  forecast.slots.map((each) => ({ at: Date.parse(each.at), count: each.waiting + each.planned, more: each.more }));

export const counted = (cell: { count: number; more: boolean }): string => (cell.more ? `more than ${formatCount(cell.count)}` : formatCount(cell.count));

export function sumOf(cells: readonly Cell[]): { count: number; more: boolean } {
  return { count: cells.reduce((sum, each) => sum + each.count, 0), more: cells.some((each) => each.more) };
}

export function busiestOf(cells: readonly Cell[]): Cell | undefined {
  return cells.reduce<Cell | undefined>((most, each) => (each.count > (most?.count ?? 0) ? each : most), undefined);
}
