import { useElementSize } from "@mantine/hooks";
import { line } from "d3-shape";
import { type KeyboardEvent, type PointerEvent, useMemo, useState } from "react";
import type { HistoryDay } from "~/api/types";
import { day as dayText, percent, score as scoreText, sentence } from "~/lib/format";
import { bandFloor, bandLabel, SCORED_BANDS } from "~/lib/vocabulary";
import classes from "./charts.module.css";
import { dayMs, dayScale, type Frame, nearest } from "./scales";

export interface Mark {
  id: string;
  day: string;
  title: string;
}

interface HistoryChartProps {
  days: readonly HistoryDay[];
  marks: readonly Mark[];
  chosen: readonly string[];
  onChoose: (day: string) => void;
}

const HEIGHT = 248;
const HINDSIGHT = "scored in hindsight from what was known then";
const CEILING = { critical: 25, at_risk: 50, watch: 75, healthy: 100 };

/** Score by day over the bands, with alerts and changes of profile; arrows move, Enter takes a day for the comparison. */
export function HistoryChart({ days, marks, chosen, onChoose }: HistoryChartProps) {
  const { ref, width } = useElementSize();
  const [at, setAt] = useState<number>();
  const frame: Frame = { width: Math.max(width, 240), height: HEIGHT, left: 30, right: 62, top: 10, bottom: 26 };
  const names = useMemo(() => days.map(({ day }) => day), [days]);
  const { x, ticks } = dayScale(names, frame);
  const y = (value: number) => frame.top + (1 - value / 100) * (HEIGHT - frame.top - frame.bottom);
  const pathOf = (drawn: (index: number) => boolean) => line<HistoryDay>()
    .defined(({ score }, index) => score !== null && drawn(index)).x(({ day }) => x(dayMs(day))).y(({ score }) => y(score ?? 0))([...days]) ?? "";
  // A stretch with an end in hindsight is drawn as hindsight, so that the line has no gap where the days change over.
  const hindsight = days.map(({ backfilled }) => backfilled);
  const past = pathOf((index) => [index - 1, index, index + 1].some((near) => hindsight[near] === true));
  const path = pathOf((index) => hindsight[index] !== true);
  const focus = at === undefined ? undefined : days[at];
  const versions = days.filter((d, i) => i > 0 && d.profile_version !== days[i - 1]?.profile_version && days[i - 1]?.profile_version !== null);

  const point = (event: PointerEvent<SVGSVGElement>) =>
    setAt(nearest(names, x, event.clientX - event.currentTarget.getBoundingClientRect().left));
  const key = (event: KeyboardEvent) => {
    const last = days.length - 1;
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -7, PageDown: 7, Home: -last, End: last };
    const step = steps[event.key];
    if (step !== undefined) setAt(Math.min(last, Math.max(0, (at ?? last) + step)));
    else if (event.key === "Enter" && focus !== undefined) onChoose(focus.day);
    else return;
    event.preventDefault();
  };

  return (
    <div className={classes.frame} ref={ref}>
      {/* The chart is worked by arrows and Enter, like a slider over days. */}
      <svg
        height={HEIGHT} role="slider" tabIndex={0} aria-label="Score by day" aria-valuemin={0} aria-valuemax={days.length - 1}
        aria-valuenow={at ?? days.length - 1}
        aria-valuetext={focus === undefined ? "Use the arrows to read days" : `${dayText(focus.day)}: ${scoreText(focus.score)}, ${bandLabel[focus.band]}${focus.backfilled ? `, ${HINDSIGHT}` : ""}`}
        onPointerMove={point} onPointerLeave={() => setAt(undefined)} onKeyDown={key} onBlur={() => setAt(undefined)}
        onClick={() => { if (focus !== undefined) onChoose(focus.day); }} style={{ cursor: "crosshair" }}
      >
        {SCORED_BANDS.map((band) => (
          <g key={band}>
            <rect
              x={frame.left} width={frame.width - frame.left - frame.right} y={y(CEILING[band])}
              height={y(bandFloor[band]) - y(CEILING[band])} fill={`var(--${band}-bg)`} opacity={0.55}
            />
            <text className={classes.axis} x={frame.width - frame.right + 6} y={y((CEILING[band] + bandFloor[band]) / 2) + 4}>{bandLabel[band]}</text>
          </g>
        ))}
        {[0, 25, 50, 75, 100].map((value) => (
          <text key={value} className={classes.axis} x={frame.left - 6} y={y(value) + 4} textAnchor="end">{value}</text>
        ))}
        {ticks.map(({ at: place, label }) => (
          <text key={place} className={classes.axis} x={place} y={HEIGHT - 8} textAnchor="middle">{label}</text>
        ))}
        {versions.map(({ day, profile_version: version }) => (
          <g key={day}>
            <line x1={x(dayMs(day))} x2={x(dayMs(day))} y1={frame.top} y2={HEIGHT - frame.bottom} stroke="var(--muted)" strokeDasharray="3 3" />
            <text className={classes.axis} x={x(dayMs(day)) + 4} y={frame.top + 10}>profile v{version}</text>
          </g>
        ))}
        {chosen.map((day) => (
          <line key={day} x1={x(dayMs(day))} x2={x(dayMs(day))} y1={frame.top} y2={HEIGHT - frame.bottom} stroke="var(--accent)" strokeWidth={1.5} />
        ))}
        <path d={past} data-part="hindsight" fill="none" stroke="var(--accent)" strokeWidth={1.5} strokeDasharray="3 3" opacity={0.75} />
        <path d={path} data-part="then" fill="none" stroke="var(--accent)" strokeWidth={2} strokeLinejoin="round" />
        {marks.map(({ id, day, title }) => {
          const score = days.find((d) => d.day === day)?.score ?? 50;
          return (
            <path key={id} d={`M${x(dayMs(day))} ${y(score) - 13}l5 9h-10z`} fill="var(--critical-fill)" stroke="var(--surface)">
              <title>{title}</title>
            </path>
          );
        })}
        {focus !== undefined && (
          <g>
            <line x1={x(dayMs(focus.day))} x2={x(dayMs(focus.day))} y1={frame.top} y2={HEIGHT - frame.bottom} stroke="var(--muted)" />
            {focus.score !== null && <circle cx={x(dayMs(focus.day))} cy={y(focus.score)} r={4} fill="var(--accent)" stroke="var(--surface)" strokeWidth={2} />}
          </g>
        )}
      </svg>
      {hindsight.includes(true) && (
        <p className={classes.legend}>
          <svg width={26} height={8} aria-hidden style={{ width: 26 }}><line x1={0} x2={26} y1={4} y2={4} stroke="var(--accent)" strokeWidth={1.5} strokeDasharray="3 3" /></svg>
          {sentence(HINDSIGHT)}
        </p>
      )}
      {focus !== undefined && <Tip day={focus} at={x(dayMs(focus.day))} width={frame.width} marks={marks.filter((m) => m.day === focus.day)} />}
    </div>
  );
}

function Tip({ day, at, width, marks }: { day: HistoryDay; at: number; width: number; marks: readonly Mark[] }) {
  const side = at > width / 2 ? { right: width - at + 12 } : { left: at + 12 };
  return (
    <div className={classes.tip} style={side}>
      <strong>{dayText(day.day)}</strong>
      <dl>
        <dt>Score</dt><dd>{scoreText(day.score)}</dd>
        <dt>Band</dt><dd>{bandLabel[day.band]}</dd>
        <dt>Coverage</dt><dd>{percent(day.coverage)}</dd>
        {day.churn_probability !== null && <><dt>Churn risk</dt><dd>{percent(day.churn_probability)}</dd></>}
      </dl>
      {day.backfilled && <div className={classes.note}>{sentence(HINDSIGHT)}</div>}
      {marks.map(({ id, title }) => <div key={id} style={{ color: "var(--critical)", maxWidth: 220 }}>▲ {title}</div>)}
    </div>
  );
}
