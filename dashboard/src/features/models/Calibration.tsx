import { Text } from "@mantine/core";
import { ScrollRegion } from "~/components/ScrollRegion";
import { integer, percent } from "~/lib/format";
import type { LearntBin } from "~/lib/learnt";
import classes from "./Models.module.css";

const SIZE = 240;
const EDGE = 42;
const place = (value: number) => EDGE + value * (SIZE - 2 * EDGE);
const height = (value: number) => SIZE - place(value);

/** What was said against what happened, by tenths of the probability; the same in a table. */
export function Calibration({ bins }: { bins: readonly LearntBin[] }) {
  if (bins.length === 0) return <Text size="sm" c="dimmed">No calibration was measured.</Text>;
  return (
    <>
      <svg viewBox={`0 0 ${SIZE} ${SIZE}`} style={{ maxWidth: 260, width: "100%" }} role="img" aria-label="Calibration: stated probability across, share it happened to upwards; the table has the numbers">
        {[0, 0.25, 0.5, 0.75, 1].map((value) => (
          <g key={value}>
            <line x1={EDGE} x2={SIZE - EDGE} y1={height(value)} y2={height(value)} stroke="var(--line)" />
            <text className={classes.axis} x={EDGE - 5} y={height(value) + 4} textAnchor="end">{percent(value)}</text>
            <text className={classes.axis} x={place(value)} y={SIZE - EDGE + 16} textAnchor="middle">{percent(value)}</text>
          </g>
        ))}
        <line x1={place(0)} y1={height(0)} x2={place(1)} y2={height(1)} stroke="var(--muted)" strokeDasharray="4 4" />
        {bins.map((bin) => <circle key={bin.from} cx={place(bin.said)} cy={height(bin.happened)} r={4} fill="var(--accent)" />)}
      </svg>
      <ScrollRegion label="Calibration by tenths">
        <table className="data">
          <thead>
            <tr><th scope="col">Stated</th><th scope="col" className="num">Mean</th><th scope="col" className="num">Happened</th><th scope="col" className="num">Rows</th></tr>
          </thead>
          <tbody>
            {bins.map((bin) => (
              <tr key={bin.from}>
                <td>{percent(bin.from)} to {percent(bin.to)}</td>
                <td className="num">{percent(bin.said)}</td>
                <td className="num">{percent(bin.happened)}</td>
                <td className="num">{integer(bin.rows)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </>
  );
}
