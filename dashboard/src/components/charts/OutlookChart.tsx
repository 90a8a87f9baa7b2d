import { useElementSize } from "@mantine/hooks";
import { area, line } from "d3-shape";
import { type KeyboardEvent, useMemo, useState } from "react";
import type { ExpectedUsage } from "~/api/types";
import { day as dayText, integer } from "~/lib/format";
import classes from "./charts.module.css";
import { dayMs, dayScale, type Frame, nearest, valueScale } from "./scales";

const HEIGHT = 220;

/** Key events by day over the band that was to be expected; days out of it are marked by a triangle. */
export function OutlookChart({ days }: { days: readonly ExpectedUsage[] }) {
  const { ref, width } = useElementSize();
  const [at, setAt] = useState<number>();
  const frame: Frame = { width: Math.max(width, 240), height: HEIGHT, left: 56, right: 16, top: 14, bottom: 26 };
  const names = useMemo(() => days.map(({ day }) => day), [days]);
  const { x, ticks } = dayScale(names, frame);
  const y = valueScale(Math.max(1, ...days.flatMap(({ value, high }) => [value, high])), frame);
  const across = ({ day }: ExpectedUsage) => x(dayMs(day));
  const band = area<ExpectedUsage>().x(across).y0(({ low }) => y(low)).y1(({ high }) => y(high))([...days]) ?? "";
  const expected = line<ExpectedUsage>().x(across).y(({ expected: value }) => y(value))([...days]) ?? "";
  const actual = line<ExpectedUsage>().x(across).y(({ value }) => y(value))([...days]) ?? "";
  const focus = at === undefined ? undefined : days[at];
  const last = days.length - 1;
  const key = (event: KeyboardEvent) => {
    const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (step === 0) return;
    event.preventDefault();
    setAt(Math.min(last, Math.max(0, (at ?? last) + step)));
  };
  return (
    <div className={classes.frame} ref={ref}>
      <svg
        height={HEIGHT} role="slider" tabIndex={0} aria-label="Key events by day against what was expected" aria-valuemin={0} aria-valuemax={last}
        aria-valuenow={at ?? last} aria-valuetext={focus === undefined ? "Use the arrows to read days" : inWords(focus)}
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
        <path d={band} data-part="band" fill="var(--accent-soft)" opacity={0.5} />
        <path d={expected} fill="none" stroke="var(--muted)" strokeDasharray="4 3" />
        <path d={actual} fill="none" stroke="var(--accent)" strokeWidth={2} strokeLinejoin="round" />
        {days.filter(({ anomaly }) => anomaly).map((day) => (
          <path key={day.day} data-part="anomaly" d={`M${across(day)} ${y(day.value) - 5}l5 9h-10z`} fill="var(--critical-fill)" stroke="var(--surface)"><title>{inWords(day)}</title></path>
        ))}
        {focus !== undefined && <circle cx={across(focus)} cy={y(focus.value)} r={4} fill="var(--accent)" stroke="var(--surface)" strokeWidth={2} />}
      </svg>
      {focus !== undefined && (
        <div className={classes.tip} style={across(focus) > frame.width / 2 ? { right: frame.width - across(focus) + 12 } : { left: across(focus) + 12 }}>
          <strong>{dayText(focus.day)}</strong>
          <dl><dt>Key events</dt><dd>{integer(focus.value)}</dd><dt>Expected</dt><dd>{integer(focus.expected)}</dd><dt>Usual range</dt><dd>{integer(focus.low)} to {integer(focus.high)}</dd></dl>
        </div>
      )}
      <ul className={classes.legend}>
        <li><span className={classes.swatch} style={{ background: "var(--accent)" }} />Key events</li>
        <li><span className={classes.swatch} style={{ background: "var(--accent-soft)" }} />Usual range</li>
        <li><svg width={12} height={10} aria-hidden style={{ width: 12 }}><path d="M6 0l5 9h-10z" fill="var(--critical-fill)" /></svg>Out of the ordinary</li>
      </ul>
    </div>
  );
}

/** A day in words. */
function inWords({ day, value, low, high, anomaly }: ExpectedUsage): string {
  return `${dayText(day)}: ${integer(value)} key events, usually ${integer(low)} to ${integer(high)}${anomaly ? ", out of the ordinary" : ""}`;
}
