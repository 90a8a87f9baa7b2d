import { Link } from "react-router";
import type { BacktestSide } from "~/api/types";
import { BandBadge } from "~/components/BandBadge";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { EmptyState } from "~/components/States";
import { day, integer, percent } from "~/lib/format";
import { paths } from "~/lib/paths";
import { heading } from "./words";

interface MissedProps {
  side: BacktestSide;
  losses: number;
  names: ReadonlyMap<string, string>;
}

/** The accounts that were lost and not flagged 90 days before, by name. */
export function Missed({ side, losses, names }: MissedProps) {
  if (losses === 0 || side.warnings === null || side.warnings === undefined) return null;
  const { missed, missed_total: total, has_probabilities: stated } = side;
  return (
    <Panel
      flush title={`Missed: ${side.name}`}
      hint={`${integer(total)} of ${integer(losses)} losses were not flagged 90 days before${missed.length < total ? `; the newest ${integer(missed.length)} are shown` : ""}`}
    >
      {missed.length === 0 ? <EmptyState title="None">Every loss was flagged 90 days before.</EmptyState> : (
        <ScrollRegion label={`${heading(side.name)}: table of missed losses`}>
          <table className="data">
            <thead>
              <tr>
                <th scope="col">Account</th><th scope="col">Lost on</th><th scope="col">Band 90 days before</th><th scope="col" className="num">Score</th>
                {stated && <th scope="col" className="num">Stated</th>}
                <th scope="col" className="num">Days of warning</th><th scope="col">What weighed most then</th>
              </tr>
            </thead>
            <tbody>
              {missed.map((row) => (
                <tr key={`${row.account}-${row.lost_on}`}>
                  <td>{names.has(row.account) ? <Link to={paths.account(row.account)}>{names.get(row.account)}</Link> : <span className="mono muted">{row.account}</span>}</td>
                  <td style={{ whiteSpace: "nowrap" }}>{day(row.lost_on)}</td>
                  <td>{row.band ? <BandBadge band={row.band} size="sm" /> : <span className="muted">–</span>}</td>
                  <td className="num">{integer(row.score)}</td>
                  {stated && <td className="num">{percent(row.probability)}</td>}
                  <td className="num">{integer(row.warning_days)}</td>
                  <td>{row.reasons.join("; ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
    </Panel>
  );
}
