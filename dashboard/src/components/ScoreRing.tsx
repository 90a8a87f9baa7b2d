import type { Band } from "~/api/types";
import { score as scoreText } from "~/lib/format";

/** The score as a ring in its band's colour, with the number in the middle. */
export function ScoreRing({ score, band, size = 76 }: { score: number | null; band: Band; size?: number }) {
  const radius = size / 2 - 5;
  const length = 2 * Math.PI * radius;
  return (
    <svg
      width={size} height={size} role="img" style={{ flex: "none" }}
      aria-label={score === null ? "No score" : `Score ${scoreText(score)} of 100`}
    >
      <circle cx={size / 2} cy={size / 2} r={radius} fill="none" stroke="var(--line)" strokeWidth={6} />
      {score !== null && (
        <circle
          cx={size / 2} cy={size / 2} r={radius} fill="none" stroke={`var(--${band}-fill)`} strokeWidth={6}
          strokeLinecap="round" strokeDasharray={`${(score / 100) * length} ${length}`}
          transform={`rotate(-90 ${size / 2} ${size / 2})`}
        />
      )}
      <text
        x="50%" y="50%" dy="0.36em" textAnchor="middle" fontSize={size * 0.27} fontWeight={650}
        fill="var(--mantine-color-text)" style={{ fontVariantNumeric: "tabular-nums" }}
      >
        {score === null ? "–" : scoreText(score)}
      </text>
    </svg>
  );
}
