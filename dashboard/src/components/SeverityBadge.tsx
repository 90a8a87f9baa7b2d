import type { ReactNode } from "react";
import type { Severity } from "~/api/types";
import { words } from "~/lib/format";
import classes from "./badges.module.css";

const tone: Record<Severity, { color: string; level: number }> = {
  low: { color: "insufficient_data", level: 1 },
  medium: { color: "watch", level: 2 },
  high: { color: "at_risk", level: 3 },
  critical: { color: "critical", level: 4 },
};

/** Severity by word, number of bars and colour. */
export function SeverityBadge({ severity, size = "md" }: { severity: Severity; size?: "sm" | "md" }) {
  const { color, level } = tone[severity];
  return (
    <span
      className={classes.badge}
      data-size={size}
      style={{ color: `var(--${color})`, background: `var(--${color}-bg)` }}
    >
      <span className={classes.levels} aria-hidden>
        {[1, 2, 3, 4].map((step) => (
          <i key={step} data-on={step <= level} style={{ height: 3 + step * 2 }} />
        ))}
      </span>
      {words(severity)}
    </span>
  );
}

export function Tag({ children, title }: { children: ReactNode; title?: string }) {
  return <span className={classes.tag} title={title}>{children}</span>;
}
