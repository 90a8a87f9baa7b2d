import { Text } from "@mantine/core";
import { IconArrowDownRight, IconArrowUpRight, IconMinus } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ago, instant, percent, signed } from "~/lib/format";
import { useNow, useWallClock } from "./clock";

/** A change of score: arrow, sign and colour. */
export function Delta({ value, label }: { value: number | null; label?: string }) {
  if (value === null) return <span className="muted">–</span>;
  const [Icon, color] = value > 0.05
    ? [IconArrowUpRight, "var(--healthy)"]
    : value < -0.05 ? [IconArrowDownRight, "var(--critical)"] : [IconMinus, "var(--muted)"];
  return (
    <span className="num" style={{ display: "inline-flex", alignItems: "center", gap: 2, color, whiteSpace: "nowrap" }}>
      <Icon size={14} stroke={2} aria-hidden />
      {signed(value)}
      {label !== undefined && <span className="muted">&nbsp;{label}</span>}
    </span>
  );
}

/**
 * An instant as "3 days ago", with the full time on hover. What the product itself did (`wall`) counts from the wall
 * clock, in a sandbox of a pinned date too: it was not done in those days.
 */
export function When({ at, wall = false }: { at: string | null | undefined; wall?: boolean }) {
  const pinned = useNow();
  const actual = useWallClock();
  const now = wall ? actual : pinned;
  if (!at) return <span className="muted">–</span>;
  return <time dateTime={at} title={instant(at)}>{ago(at, now)}</time>;
}

/** How much of the profile's weight had data behind it. */
export function Coverage({ value }: { value: number }) {
  const low = value < 0.5;
  return (
      <span
        style={{ display: "inline-flex", alignItems: "center", gap: 6, verticalAlign: "middle" }}
        title={low ? "Less than half of the weight has data: no alerts from the score" : "Share of the weight with data"}
      >
        <span
          aria-hidden
          style={{ width: 34, height: 5, borderRadius: 3, background: "var(--line)", overflow: "hidden", flex: "none" }}
        >
          <span
            style={{
              display: "block", height: "100%", width: `${Math.round(value * 100)}%`,
              background: low ? "var(--at_risk-fill)" : "var(--muted)",
            }}
          />
        </span>
        <span className="num">{percent(value)}</span>
      </span>
  );
}

export function Stat({ label, children, hint }: { label: string; children: ReactNode; hint?: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">{label}</Text>
      <div style={{ fontSize: "1.25rem", fontWeight: 600, lineHeight: 1.35 }}>{children}</div>
      {hint !== undefined && <Text size="xs" c="dimmed" component="div">{hint}</Text>}
    </div>
  );
}
