import { counts } from "./decode";
import { sum } from "./sums";

interface UsageLike {
  day: string;
  events: number;
  by_name: Record<string, unknown>;
}

export interface Stack {
  names: string[];
  /** Per day, the counts in the order of `names`. */
  rows: { day: string; counts: number[] }[];
}

export const OTHER = "other";

/** The `keep` most frequent events by name, all others as one, so that each day's parts add up to its events. */
export function stackByName(days: readonly UsageLike[], keep = 5): Stack {
  const totals = new Map<string, number>();
  for (const { by_name: byName } of days) {
    for (const [name, count] of Object.entries(counts(byName))) totals.set(name, (totals.get(name) ?? 0) + count);
  }
  const names = [...totals].toSorted((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, keep).map(([name]) => name);
  const rows = days.map(({ day, events, by_name: byName }) => {
    const known = counts(byName);
    const parts = names.map((name) => known[name] ?? 0);
    return { day, counts: [...parts, Math.max(0, events - sum(parts))] };
  });
  return { names: [...names, OTHER], rows };
}
