import type { BacktestResult, BacktestSide } from "~/api/types";
import { BandBadge } from "~/components/BandBadge";
import charts from "~/components/charts/charts.module.css";
import { ScrollRegion } from "~/components/ScrollRegion";
import { integer, percent } from "~/lib/format";
import { Interval } from "../Interval";
import classes from "./Backtests.module.css";
import { heading, outcomes } from "./words";

const WIDTH = 420;
const HEIGHT = 260;
const LEFT = 46;
const BELOW = 40;
const TOP = 12;
const RIGHT = 22;
const LOOKS = [0, 1, 15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165, 180];
const across = (share: number) => LEFT + share * (WIDTH - LEFT - RIGHT);
const up = (share: number) => HEIGHT - BELOW - share * (HEIGHT - BELOW - TOP);

/** What became of the accounts of each band: a bar and the numbers. */
export function BandPlot({ side }: { side: BacktestSide }) {
  return (
    <ScrollRegion label={`Bands and outcomes: ${side.name}`}>
      <table className="data">
        <thead>
          <tr>
            <th scope="col">Band</th><th scope="col">What became of them</th>
            {outcomes.map(({ key, label }) => <th key={key} scope="col" className="num">{heading(label)}</th>)}
            <th scope="col">Lost</th>
          </tr>
        </thead>
        <tbody>
          {side.bands.map((row) => {
            const all = outcomes.reduce((sum, { key }) => sum + row[key], 0);
            return (
              <tr key={row.band}>
                <td><BandBadge band={row.band} size="sm" /></td>
                <td>
                  <div className={classes.bar} aria-hidden>
                    {outcomes.map(({ key, label, fill }) => row[key] > 0 && (
                      <span key={key} title={`${row[key]} ${label}`} style={{ width: `${(100 * row[key]) / all}%`, background: fill }} />
                    ))}
                  </div>
                </td>
                {outcomes.map(({ key }) => <td key={key} className="num">{integer(row[key])}</td>)}
                <td><Interval share={row.lost} /></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

export function OutcomeKey() {
  return (
    <ul className={charts.legend}>
      {outcomes.map(({ key, label, fill }) => <li key={key}><span className={charts.swatch} style={{ background: fill }} aria-hidden />{label}</li>)}
    </ul>
  );
}

/** Of those with the outcome, how many are among those ranked highest: for every side. */
export function GainPlot({ sides }: { sides: readonly BacktestSide[] }) {
  const lines = sides.map(({ curve, figures }) => [
    { x: 0, y: 0 },
    ...curve.map(({ flagged, hits }) => ({ x: flagged / Math.max(1, figures.rows), y: hits / Math.max(1, figures.happened) })),
  ]);
  return <Curves label="Caught, by share of looks flagged, the highest risk first" below="looks flagged, the highest risk first" lines={lines} chance />;
}

export function RecallPlot({ sides }: { sides: readonly BacktestSide[] }) {
  const lines = sides.map(({ curve, figures }) =>
    curve.map(({ flagged, hits }) => ({ x: hits / Math.max(1, figures.happened), y: hits / Math.max(1, flagged) })));
  return <Curves label="Precision upwards by recall across" below="recall; upwards: precision" lines={lines} />;
}

interface CurvesProps {
  label: string;
  below: string;
  lines: readonly (readonly { x: number; y: number }[])[];
  chance?: boolean;
}

function Curves({ label, below, lines, chance = false }: CurvesProps) {
  return (
    <svg className={classes.plot} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      {[0, 0.25, 0.5, 0.75, 1].map((share) => (
        <g key={share}>
          <line className={charts.grid} x1={LEFT} x2={WIDTH - RIGHT} y1={up(share)} y2={up(share)} />
          <text className={charts.axis} x={LEFT - 6} y={up(share) + 4} textAnchor="end">{percent(share)}</text>
          <text className={charts.axis} x={across(share)} y={HEIGHT - BELOW + 16} textAnchor="middle">{percent(share)}</text>
        </g>
      ))}
      <text className={charts.axis} x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 6} textAnchor="middle">{below}</text>
      {chance && <line x1={across(0)} y1={up(0)} x2={across(1)} y2={up(1)} stroke="var(--muted)" strokeDasharray="4 4" />}
      {lines.map((points, at) => (
        <polyline key={at === 0 ? "first" : "second"} className={at === 0 ? classes.first : classes.second} points={points.map(({ x, y }) => `${across(x)},${up(y)}`).join(" ")} />
      ))}
    </svg>
  );
}

/** The names of the lines. */
export function SideKey({ sides }: { sides: readonly BacktestSide[] }) {
  return (
    <ul className={charts.legend}>
      {sides.map(({ name }, at) => (
        <li key={name}>
          <svg width="24" height="8" aria-hidden><line className={at === 0 ? classes.first : classes.second} x1="0" x2="24" y1="4" y2="4" /></svg>
          {name}
        </li>
      ))}
    </ul>
  );
}

/** Losses by days of warning. */
export function WarningPlot({ warnings, name }: { warnings: NonNullable<BacktestSide["warnings"]>; name: string }) {
  const most = Math.max(1, ...warnings.days.map(({ losses }) => losses));
  const width = (WIDTH - LEFT - RIGHT) / LOOKS.length;
  return (
    <svg className={classes.plot} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${name}: ${warnings.days.map(({ days, losses }) => `${losses} losses with ${days} days of warning`).join(", ")}`}>
      {LOOKS.map((days, at) => {
        const losses = warnings.days.find((row) => row.days === days)?.losses ?? 0;
        const top = up((losses / most) * 0.92);
        const middle = LEFT + width * (at + 0.5);
        return (
          <g key={days}>
            <rect className={classes.warning} {...(days < 30 ? { "data-late": true } : {})} x={LEFT + width * at + 2} width={width - 4} y={top} height={up(0) - top} />
            {losses > 0 && <text className={charts.axis} x={middle} y={top - 4} textAnchor="middle">{losses}</text>}
            <text className={charts.axis} x={middle} y={HEIGHT - BELOW + 16} textAnchor="middle">{days}</text>
          </g>
        );
      })}
      <line className={charts.grid} x1={LEFT} x2={WIDTH - RIGHT} y1={up(0)} y2={up(0)} />
      <text className={charts.axis} x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 6} textAnchor="middle">days of warning; 0: not flagged on the day before</text>
    </svg>
  );
}

/** Sides that can be ranked: where it happened to some and not to all. */
export function ranked(result: BacktestResult): readonly BacktestSide[] {
  return result.sides.filter(({ lift }) => lift !== null && lift !== undefined);
}
