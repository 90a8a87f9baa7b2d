import type { AccuracyPart } from "~/api/types";
import { CalibrationChart } from "~/components/charts/CalibrationChart";
import { ScrollRegion } from "~/components/ScrollRegion";
import { integer, percent } from "~/lib/format";
import classes from "./Accuracy.module.css";

/** What was said against what happened, by bins, with the range of each; the same in a table. */
export function Calibration({ part }: { part: AccuracyPart }) {
  const bins = part.calibration;
  return (
    <div className={classes.stack}>
      <CalibrationChart points={bins.map(({ from, said, happened }) => ({ from, said, happened: happened.share, interval: happened }))} />
      <ScrollRegion label="Table of calibration">
        <table className="data">
          <thead>
            <tr><th scope="col">Stated</th><th scope="col" className="num">Mean</th><th scope="col" className="num">Happened</th><th scope="col" className="num">Range</th><th scope="col" className="num">Predictions</th></tr>
          </thead>
          <tbody>
            {bins.map((bin) => (
              <tr key={bin.from}>
                <td>{percent(bin.from)} to {percent(bin.to)}</td>
                <td className="num">{percent(bin.said)}</td>
                <td className="num">{percent(bin.happened.share)}</td>
                <td className="num">{percent(bin.happened.low)} to {percent(bin.happened.high)}</td>
                <td className="num">{integer(bin.happened.of)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </div>
  );
}
