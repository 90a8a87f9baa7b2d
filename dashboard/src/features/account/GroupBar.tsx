import type { Cap, Group, Measure } from "~/api/types";
import { decimal, score as scoreText } from "~/lib/format";
import { sum } from "~/lib/sums";
import { groupColor, groupLabel, GROUPS } from "~/lib/vocabulary";
import { keptByGroup } from "~/lib/why";
import classes from "./Account.module.css";

interface GroupBarProps {
  measures: readonly Measure[];
  caps: readonly Cap[];
  score: number;
  subscores: Record<Group, number | null>;
}

/** One bar of 100 points: kept by group, the rest lost. A cap shortens every group alike. */
export function GroupBar({ measures, caps, score, subscores }: GroupBarProps) {
  const groups = keptByGroup(measures, GROUPS).filter(({ kept }) => kept > 0);
  const whole = sum(groups.map(({ kept }) => kept));
  const scale = whole > 0 ? score / whole : 0;
  return (
    <div className={classes.groups}>
      <div className={classes.bar} role="img" aria-label={`${scoreText(score)} points kept, ${decimal(100 - score)} lost`}>
        {groups.map(({ group, kept }) => (
          <span key={group} style={{ width: `${kept * scale}%`, background: groupColor[group] }} title={`${groupLabel[group]}: ${decimal(kept)} kept`} />
        ))}
        <span className={classes.lost} style={{ flex: 1 }} title={`${decimal(100 - score)} lost`} />
      </div>
      <ul className={classes.legend}>
        {GROUPS.filter((group) => subscores[group] !== null && subscores[group] !== undefined).map((group) => (
          <li key={group}>
            <span className={classes.swatch} style={{ background: groupColor[group] }} />
            {groupLabel[group]} <strong className="num" style={{ color: "var(--mantine-color-text)" }}>{decimal(subscores[group], 0)}</strong>
          </li>
        ))}
        <li><span className={`${classes.swatch} ${classes.lost}`} />Lost {decimal(100 - score)}{caps.length > 0 && ", caps included"}</li>
      </ul>
    </div>
  );
}
