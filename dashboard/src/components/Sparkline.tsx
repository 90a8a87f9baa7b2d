import { line } from "d3-shape";
import type { SparkPoint } from "~/api/types";

interface SparklineProps {
  points: readonly SparkPoint[];
  width?: number;
  height?: number;
}

/** Thirty days of score in a window of at least 30 points, so that small changes stay small and slopes compare. */
export function Sparkline({ points: days, width = 84, height = 24 }: SparklineProps) {
  const points = days.map(({ score }) => score).filter((score) => score !== null);
  const last = points.at(-1);
  const first = points[0];
  if (last === undefined || first === undefined || points.length < 2) return <span className="muted">–</span>;
  const x = (index: number) => 2 + (index / (points.length - 1)) * (width - 6);
  const middle = (Math.min(...points) + Math.max(...points)) / 2;
  const span = Math.max(30, Math.max(...points) - Math.min(...points));
  const y = (score: number) => height / 2 - ((score - middle) / span) * (height - 6);
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
