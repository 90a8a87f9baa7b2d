import { Text } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { Link } from "react-router";
import type { Band } from "~/api/types";
import { integer } from "~/lib/format";
import { sum } from "~/lib/sums";
import { paths } from "~/lib/paths";
import { bandLabel } from "~/lib/vocabulary";
import classes from "./Today.module.css";

const ORDER: readonly Band[] = ["critical", "at_risk", "watch", "healthy", "onboarding", "insufficient_data"];

interface BandMixProps {
  now: Partial<Record<Band, number>>;
  before: Partial<Record<Band, number>>;
  mine: boolean;
  /** Whether every account is counted, then and now; changes are shown only where they are. */
  complete: boolean;
}

/** How many accounts stand in each band, with the change over seven days. */
export function BandMix({ now, before, mine, complete }: BandMixProps) {
  // Seven days ago nothing was scored: arrows on every band would tell of the set-up, not of the accounts.
  const fresh = mostlyUnscored(before) && !mostlyUnscored(now);
  const shown = ORDER.map((band) => ({
    band, count: now[band] ?? 0, change: fresh || !complete ? 0 : (now[band] ?? 0) - (before[band] ?? now[band] ?? 0),
  }));
  return (
    <div>
      <Text size="xs" c="dimmed">{!complete ? "Bands" : fresh ? "Bands; nothing was scored 7 days ago to compare with" : "Bands, and the change in 7 days"}</Text>
      <div className={classes.bar} aria-hidden>
        {shown.filter(({ count }) => count > 0).map(({ band, count }) => (
          <span key={band} style={{ flex: count, background: `var(--${band}-fill)` }} />
        ))}
      </div>
      <ul className={classes.legend}>
        {shown.filter(({ count, change }) => count > 0 || change !== 0).map(({ band, count, change }) => (
          <li key={band}>
            <Link to={paths.band(band, mine)}>
              <span className={classes.dot} style={{ background: `var(--${band}-fill)` }} />
              <span>{bandLabel[band]}</span>
              <strong className="num">{integer(count)}</strong>
              {change !== 0 && <Change by={change} />}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

function mostlyUnscored(bands: Partial<Record<Band, number>>): boolean {
  return (bands.insufficient_data ?? 0) > 0.8 * sum(Object.values(bands));
}

function Change({ by }: { by: number }) {
  const Icon = by > 0 ? IconArrowUp : IconArrowDown;
  return (
    <span className="num muted" style={{ display: "inline-flex", alignItems: "center", fontSize: "0.75rem" }}>
      <Icon size={11} stroke={2.2} aria-hidden />
      <span className="visually-hidden">{by > 0 ? "up" : "down"} by</span>
      {Math.abs(by)}
    </span>
  );
}
