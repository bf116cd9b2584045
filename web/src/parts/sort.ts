// What a list is sorted by, as the server takes it: a name, behind a - the other way round; empty: its own order.

/** After another press of the heading of `by`. */
export const turned = (sort: string, by: string): string => (sort === by ? `-${by}` : sort === `-${by}` ? "" : by);

/** A list that is here whole; what has no such value comes last. */
export function sorted<T>(list: readonly T[], sort: string, value: (each: T, by: string) => string | number | null | undefined): T[] {
  if (sort === "") return [...list];
  const down = sort.startsWith("-");
  const by = down ? sort.slice(1) : sort;
  return [...list].sort((one, other) => {
    const [a, b] = [value(one, by), value(other, by)];
    if (a == null || b == null) return Number(a == null) - Number(b == null);
    const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
    return down ? -order : order;
  });
}
