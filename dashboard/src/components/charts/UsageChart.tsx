import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, useMemo, useState } from "react";
import type { UsageDay } from "~/api/types";
import { day as dayText, integer, words } from "~/lib/format";
import { stackByName } from "~/lib/usage";
import classes from "./charts.module.css";
import { dayMs, dayScale, type Frame, nearest, valueScale } from "./scales";

const HEIGHT = 240;
const color = (index: number, last: number) => `var(--series-${index === last ? 6 : index + 1})`;

interface UsageChartProps {
  days: readonly UsageDay[];
  show: "events" | "users";
}

/** Events by day and name, or distinct users by day. */
export function UsageChart({ days, show }: UsageChartProps) {
  const { ref, width } = useElementSize();
  const [at, setAt] = useState<number>();
  const frame: Frame = { width: Math.max(width, 240), height: HEIGHT, left: 56, right: 16, top: 10, bottom: 26 };
  const stack = useMemo(() => stackByName(days), [days]);
  const names = useMemo(() => days.map(({ day }) => day), [days]);
  const { x, ticks } = dayScale(names, frame);
  const y = valueScale(Math.max(1, ...days.map((d) => d[show])), frame);
  const bar = Math.max(1, Math.min(22, ((frame.width - frame.left - frame.right) / Math.max(1, days.length)) * 0.74));
  const last = stack.names.length - 1;
  const focus = at === undefined ? undefined : days[at];
  const key = (event: KeyboardEvent) => {
    const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (step === 0) return;
    event.preventDefault();
    setAt(Math.min(days.length - 1, Math.max(0, (at ?? days.length - 1) + step)));
  };
  return (
    <div className={classes.frame} ref={ref}>
      <svg
        height={HEIGHT} role="slider" tabIndex={0} aria-label={show === "events" ? "Events by day" : "Distinct users by day"}
        aria-valuemin={0} aria-valuemax={days.length - 1} aria-valuenow={at ?? days.length - 1}
        aria-valuetext={focus === undefined ? "Use the arrows to read days" : `${dayText(focus.day)}: ${integer(focus[show])} ${show}`}
        onPointerMove={(event) => setAt(nearest(names, x, event.clientX - event.currentTarget.getBoundingClientRect().left))}
        onPointerLeave={() => setAt(undefined)} onBlur={() => setAt(undefined)} onKeyDown={key}
      >
        {y.ticks(4).map((value) => (
          <g key={value}>
            <line className={classes.grid} x1={frame.left - 12} x2={frame.width - frame.right + 12} y1={y(value)} y2={y(value)} />
            <text className={classes.axis} x={frame.left - 18} y={y(value) + 4} textAnchor="end">{integer(value)}</text>
          </g>
        ))}
        {ticks.map(({ at: place, label }) => <text key={place} className={classes.axis} x={place} y={HEIGHT - 8} textAnchor="middle">{label}</text>)}
        {stack.rows.map(({ day, counts }, index) => {
          const left = x(dayMs(day)) - bar / 2;
          const opacity = at === undefined || at === index ? 1 : 0.55;
          if (show === "users") {
            const users = days[index]?.users ?? 0;
            return <rect key={day} x={left} width={bar} y={y(users)} height={y(0) - y(users)} fill="var(--series-1)" opacity={opacity} rx={1} />;
          }
          let below = 0;
          return (
            <g key={day} opacity={opacity}>
              {counts.map((count, part) => {
                const top = y(below + count);
                const height = y(below) - top;
                below += count;
                return count === 0 ? null : <rect key={stack.names[part]} x={left} width={bar} y={top} height={height} fill={color(part, last)} />;
              })}
            </g>
          );
        })}
      </svg>
      {focus !== undefined && (
        <div className={classes.tip} style={x(dayMs(focus.day)) > frame.width / 2 ? { right: frame.width - x(dayMs(focus.day)) + 12 } : { left: x(dayMs(focus.day)) + 12 }}>
          <strong>{dayText(focus.day)}</strong>
          <dl><dt>Events</dt><dd>{integer(focus.events)}</dd><dt>Users</dt><dd>{integer(focus.users)}</dd></dl>
        </div>
      )}
      {show === "events" && (
        <ul className={classes.legend}>
          {stack.names.map((name, index) => (
            <li key={name}><span className={classes.swatch} style={{ background: color(index, last) }} />{words(name)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
