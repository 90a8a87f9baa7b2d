import { Button, NativeSelect } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { useApi } from "~/api/client";
import { type MissKind, missesQuery, type PredictionKind, type PredictionMethod } from "~/api/queries";
import { BandBadge } from "~/components/BandBadge";
import { When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { day, percent, words } from "~/lib/format";
import { paths } from "~/lib/paths";

const names: Record<MissKind, string> = { missed: "It happened, and was not predicted", false_alarm: "It was predicted, and did not happen" };

/** The accounts that a prediction was wrong about, by name. */
export function Misses({ kind, method }: { kind: PredictionKind; method: PredictionMethod }) {
  const [which, setWhich] = useState<MissKind>("missed");
  const query = useInfiniteQuery(missesQuery(useApi(), kind, method, which));
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Panel
      flush title="Wrong, by name" hint="The newest first"
      aside={(
        <NativeSelect
          aria-label="Which were wrong" size="xs" value={which}
          onChange={(event) => setWhich(event.currentTarget.value === "false_alarm" ? "false_alarm" : "missed")}
          data={Object.entries(names).map(([value, label]) => ({ value, label }))}
        />
      )}
    >
      {query.isError && rows.length === 0 ? <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        : query.isPending ? <Rows count={4} />
          : rows.length === 0 ? <EmptyState title="None">{names[which]}: no account.</EmptyState>
            : (
              <ScrollRegion label="Table of wrong predictions">
                <table className="data">
                  <thead>
                    <tr>
                      <th scope="col">Account</th><th scope="col">Predicted on</th><th scope="col" className="num">Stated</th><th scope="col">Band then</th>
                      <th scope="col">What happened</th><th scope="col">Known</th><th scope="col">Live alerts then</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((row) => (
                      <tr key={`${row.account}-${row.day}`}>
                        <td><Link to={paths.account(row.account)}>{row.account_name ?? row.account}</Link></td>
                        <td style={{ whiteSpace: "nowrap" }}>{day(row.day)}</td>
                        <td className="num">{percent(row.probability)}</td>
                        <td><BandBadge band={row.band} size="sm" /></td>
                        <td>{words(row.actual_outcome)}</td>
                        <td><When at={row.checked_at} /></td>
                        <td className="mono">{row.alerts.length === 0 ? <span className="muted">none</span> : row.alerts.join(", ")}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </ScrollRegion>
            )}
      {query.hasNextPage && (
        <div style={{ padding: 12, textAlign: "center" }}>
          <Button variant="subtle" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Load older</Button>
        </div>
      )}
    </Panel>
  );
}
