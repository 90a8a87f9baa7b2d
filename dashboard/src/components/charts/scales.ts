import { scaleLinear, scaleUtc } from "d3-scale";
import { shortDay } from "~/lib/format";

export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export const dayMs = (day: string): number => Date.parse(`${day}T00:00:00Z`);

/** Days across, and a few of them to write below the axis. */
export function dayScale(days: readonly string[], frame: Frame) {
  const first = days[0];
  const last = days.at(-1);
  const from = first === undefined ? 0 : dayMs(first);
  const to = last === undefined ? 1 : dayMs(last);
  const x = scaleUtc([from, Math.max(to, from + 1)], [frame.left, frame.width - frame.right]);
  const wide = (to - from) / 86_400_000 > 200;
  const ticks = x.ticks(Math.max(2, Math.floor(frame.width / 110))).map((date) => ({
    at: x(date),
    label: wide
      ? new Intl.DateTimeFormat("en-GB", { month: "short", year: "2-digit", timeZone: "UTC" }).format(date)
      : shortDay(date.toISOString().slice(0, 10)),
  }));
  return { x, ticks };
}

export function valueScale(max: number, frame: Frame) {
  return scaleLinear([0, max], [frame.height - frame.bottom, frame.top]).nice(4);
}

/** The index of the day nearest to a place across. */
export function nearest(days: readonly string[], x: (ms: number) => number, at: number): number {
  let best = 0;
  let distance = Number.POSITIVE_INFINITY;
  for (const [index, day] of days.entries()) {
    const d = Math.abs(x(dayMs(day)) - at);
    if (d < distance) [best, distance] = [index, d];
  }
  return best;
}
