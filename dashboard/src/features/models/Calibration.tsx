import { Text } from "@mantine/core";
import { CalibrationChart } from "~/components/charts/CalibrationChart";
import { ScrollRegion } from "~/components/ScrollRegion";
import { integer, percent } from "~/lib/format";
import type { LearntBin } from "~/lib/learnt";

/** What was said against what happened, by tenths of the probability; the same in a table. */
export function Calibration({ bins }: { bins: readonly LearntBin[] }) {
  if (bins.length === 0) return <Text size="sm" c="dimmed">No calibration was measured.</Text>;
  return (
    <>
      <CalibrationChart points={bins} />
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
