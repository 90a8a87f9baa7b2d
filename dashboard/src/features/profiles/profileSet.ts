/** Changes of a set of health profiles, without touching the one that is given. */
import type { CapDoc, MeasureChoice, ProfileSet } from "~/api/types";
import { roundToSum, sum } from "~/lib/sums";

/** A profile or a scorecard of a set: the list it stands in, and its place there. */
export interface Place {
  list: "profiles" | "scorecards";
  index: number;
}

export const keyOf = ({ list, index }: Place): string => `${list}.${index}`;

export function placeOf(key: string): Place {
  const [list, index] = key.split(".");
  return { list: list === "scorecards" ? "scorecards" : "profiles", index: Number(index) };
}

/** The profiles and scorecards of a set by name. */
export function places(set: ProfileSet): { value: string; label: string }[] {
  return [
    ...set.profiles.map(({ name }, index) => ({ value: keyOf({ list: "profiles", index }), label: name })),
    ...(set.scorecards ?? []).map(({ name }, index) => ({ value: keyOf({ list: "scorecards", index }), label: `Scorecard: ${name}` })),
  ];
}

export function measuresAt(set: ProfileSet, { list, index }: Place): readonly MeasureChoice[] {
  return (list === "profiles" ? set.profiles : set.scorecards ?? [])[index]?.measures ?? [];
}

export function withMeasures(set: ProfileSet, { list, index }: Place, measures: MeasureChoice[]): ProfileSet {
  const changed = <T extends { measures: MeasureChoice[] }>(rows: readonly T[]) => rows.map((row, at) => (at === index ? { ...row, measures } : row));
  return list === "profiles" ? { ...set, profiles: changed(set.profiles) } : { ...set, scorecards: changed(set.scorecards ?? []) };
}

/** One measure with other values; a cut that is cleared is the measure's own again. */
export function changedMeasure(measure: MeasureChoice, field: "weight" | "green" | "red", value: number | undefined): MeasureChoice {
  if (field === "weight") return { ...measure, weight: value ?? 0 };
  const { [field]: _, ...rest } = measure;
  return value === undefined ? rest : { ...rest, [field]: value };
}

/** What each weight is of 100, in tenths that add up to 100; all 0 when nothing has a weight. */
export function shares(weights: readonly number[]): number[] {
  const whole = sum(weights);
  if (whole <= 0) return weights.map(() => 0);
  return roundToSum(weights.map((weight) => (weight / whole) * 100), 100);
}

type Condition = CapDoc["all"][number];
const OPERATORS = [["gte", "≥"], ["gt", ">"], ["lte", "≤"]] as const;
export type Operator = (typeof OPERATORS)[number][0];

/** The limits of a condition, as they are shown and changed. */
export function limitsOf(condition: Condition): { operator: Operator; sign: string; value: number }[] {
  return OPERATORS.flatMap(([operator, sign]) => {
    const value = condition[operator];
    return value === undefined || value === null ? [] : [{ operator, sign, value }];
  });
}
