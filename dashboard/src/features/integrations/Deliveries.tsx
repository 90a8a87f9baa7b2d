import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useApi } from "~/api/client";
import { deliveriesQuery } from "~/api/queries";
import { When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { integer, words } from "~/lib/format";
import classes from "./Integrations.module.css";

export function Deliveries({ source }: { source: string }) {
  const query = useInfiniteQuery(deliveriesQuery(useApi(), source));
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Panel flush title={`Deliveries of ${words(source)}`} hint="Newest first, kept for 30 days">
      {query.isError ? <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        : query.isPending ? <Rows count={6} />
          : rows.length === 0 ? <EmptyState title="No delivery in the last 30 days">Send one, then look again.</EmptyState>
            : (
              <div className="scroll-x">
                <table className="data">
                  <thead>
                    <tr>
                      <th scope="col">Received</th><th scope="col">Delivery</th><th scope="col" className="num">Rows</th>
                      <th scope="col" className="num">New</th><th scope="col" className="num">Changed</th>
                      <th scope="col" className="num">Unchanged</th><th scope="col" className="num" title="Rows kept for an account that is not known yet">Parked</th>
                      <th scope="col">Errors</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((row) => (
                      <tr key={row.delivery_id}>
                        <td style={{ whiteSpace: "nowrap" }}><When at={row.received_at} wall /></td>
                        <td className="mono" title={row.delivery_id}>{row.delivery_id.slice(0, 18)}</td>
                        <td className="num">{integer(row.rows)}</td><td className="num">{integer(row.created)}</td>
                        <td className="num">{integer(row.updated)}</td><td className="num">{integer(row.unchanged)}</td>
                        <td className="num">{integer(row.parked)}</td>
                        <td>
                          {row.error_count === 0 ? <span className="muted">{row.processed_at === null ? "in line" : "none"}</span> : (
                            <details>
                              <summary style={{ color: "var(--at_risk)", cursor: "pointer" }}>{integer(row.error_count)}</summary>
                              <ul className={classes.errors}>
                                {row.errors.map((error) => (
                                  <li key={`${error.row}-${error.code}-${error.field}`}>Row {integer(error.row)}{error.field === null ? "" : `, ${error.field}`}: {error.detail} <span className="mono">{error.code}</span></li>
                                ))}
                              </ul>
                            </details>
                          )}
                          {row.note !== null && <div className="muted">{words(row.note)}</div>}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
      {query.hasNextPage && (
        <div style={{ padding: 12, textAlign: "center" }}>
          <Button variant="subtle" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Load older</Button>
        </div>
      )}
    </Panel>
  );
}
