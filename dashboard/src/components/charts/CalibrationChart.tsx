import { percent } from "~/lib/format";
import classes from "./charts.module.css";

/** What was said on average in a range of probabilities against how often it happened there, with its interval where it is known. */
export interface CalibrationPoint {
  from: number;
  said: number;
  happened: number;
  interval?: { low: number; high: number } | undefined;
}

const SIZE = 240;
const EDGE = 42;
const place = (value: number) => EDGE + value * (SIZE - 2 * EDGE);
const height = (value: number) => SIZE - place(value);

/** Points on the dashed line were as frequent as was said. A table beside it must hold the numbers. */
export function CalibrationChart({ points }: { points: readonly CalibrationPoint[] }) {
  return (
    <svg viewBox={`0 0 ${SIZE} ${SIZE}`} style={{ maxWidth: 300, width: "100%" }} role="img" aria-label="Calibration: stated probability across, share it happened to upwards; the table has the numbers">
      {[0, 0.25, 0.5, 0.75, 1].map((value) => (
        <g key={value}>
          <line x1={EDGE} x2={SIZE - EDGE} y1={height(value)} y2={height(value)} stroke="var(--line)" />
          <text className={classes.axis} x={EDGE - 5} y={height(value) + 4} textAnchor="end">{percent(value)}</text>
          <text className={classes.axis} x={place(value)} y={SIZE - EDGE + 16} textAnchor="middle">{percent(value)}</text>
        </g>
      ))}
      <line x1={place(0)} y1={height(0)} x2={place(1)} y2={height(1)} stroke="var(--muted)" strokeDasharray="4 4" />
      {points.map(({ from, said, happened, interval }) => (
        <g key={from}>
          {interval && <line x1={place(said)} x2={place(said)} y1={height(interval.low)} y2={height(interval.high)} stroke="var(--accent)" />}
          <circle cx={place(said)} cy={height(happened)} r={4} fill="var(--accent)" />
        </g>
      ))}
    </svg>
  );
}
