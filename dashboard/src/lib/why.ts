/** The way from 100 down to the score: what each measure and cap took, in rows that add up. */
import { roundToSum, sum } from "./sums";

interface MeasureLike {
  id: string;
  group: string;
  weight: number;
  points_lost: number;
  points_kept: number;
}
interface CapLike {
  id: string;
  points_lost: number;
}

export interface Step<M, C> {
  key: string;
  measure?: M;
  cap?: C;
  /** As shown; the steps add up to the total exactly. */
  lost: number;
  /** Where the score stands before and after this step. */
  from: number;
  to: number;
}

export interface Fall<M, C> {
  steps: Step<M, C>[];
  total: number;
  /** Whether the API's own figures add up to 100 − score. */
  exact: boolean;
}

/** The largest loss first; caps come last, since they act on what the measures leave. */
export function fallOf<M extends MeasureLike, C extends CapLike>(
  measures: readonly M[], caps: readonly C[], score: number,
): Fall<M, C> {
  const ordered = measures.toSorted((a, b) => b.points_lost - a.points_lost || b.weight - a.weight);
  const lost = [...ordered.map((m) => m.points_lost), ...caps.map((c) => c.points_lost)];
  const total = 100 - score;
  const exact = Math.abs(sum(lost) - total) < 0.005;
  const shown = exact ? roundToSum(lost, total) : lost;
  let at = 100;
  const step = (index: number) => {
    const from = at;
    at -= shown[index] ?? 0;
    return { lost: shown[index] ?? 0, from, to: at };
  };
  const steps: Step<M, C>[] = ordered.map((measure, index) => ({ key: measure.id, measure, ...step(index) }));
  for (const [index, cap] of caps.entries()) {
    steps.push({ key: `cap-${cap.id}`, cap, ...step(ordered.length + index) });
  }
  return { steps, total: Math.round(total * 10) / 10, exact };
}

/** Points kept per group, in the order of `groups`; what is left over is lost. */
export function keptByGroup(measures: readonly MeasureLike[], groups: readonly string[]): { group: string; kept: number }[] {
  return groups.map((group) => ({ group, kept: sum(measures.filter((m) => m.group === group).map((m) => m.points_kept)) }));
}
