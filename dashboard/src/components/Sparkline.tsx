import { line } from "d3-shape";
import type { SparkPoint } from "~/api/types";

interface SparklineProps {
  points: readonly SparkPoint[];
  width?: number;
  height?: number;
}

/** Thirty days of score, always on the scale of 0 to 100 so that rows compare. */
export function Sparkline({ points: days, width = 84, height = 24 }: SparklineProps) {
  const points = days.map(({ score }) => score).filter((score) => score !== null);
  const last = points.at(-1);
  const first = points[0];
  if (last === undefined || first === undefined || points.length < 2) return <span className="muted">–</span>;
  const x = (index: number) => 2 + (index / (points.length - 1)) * (width - 6);
  const y = (score: number) => 2 + (1 - score / 100) * (height - 4);
  const path = line<number>().x((_, index) => x(index)).y((score) => y(score))(points) ?? "";
  const falling = last < first - 3;
  const color = falling ? "var(--critical-fill)" : "var(--accent)";
  return (
    <svg
      width={width} height={height} role="img"
      aria-label={`Score went from ${first.toFixed(0)} to ${last.toFixed(0)}`}
    >
      <path d={path} fill="none" stroke={color} strokeWidth={1.5} strokeLinejoin="round" strokeLinecap="round" />
      <circle cx={x(points.length - 1)} cy={y(last)} r={2.2} fill={color} />
    </svg>
  );
}
