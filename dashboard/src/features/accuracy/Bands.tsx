import type { PredictionKind } from "~/api/queries";
import type { Accuracy } from "~/api/types";
import { BandBadge } from "~/components/BandBadge";
import { integer } from "~/lib/format";
import { Interval } from "./Interval";
import { kindNames } from "./words";

/** Of the accounts in each band, how many it happened to. */
export function Bands({ bands, kind }: { bands: Accuracy["bands"]; kind: PredictionKind }) {
  return (
    <table className="data">
      <thead>
        <tr>
          <th scope="col">Band 90 days before</th><th scope="col" className="num">{`It happened (${kindNames[kind].happened})`}</th>
          <th scope="col" className="num">It did not</th><th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {bands.map(({ band, happened }) => (
          <tr key={band}>
            <td><BandBadge band={band} size="sm" /></td>
            <td className="num">{integer(happened.hits)}</td>
            <td className="num">{integer(happened.of - happened.hits)}</td>
            <td><Interval share={happened} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
