import { Button, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "~/api/client";
import { backtestsQuery, meQuery } from "~/api/queries";
import { When } from "~/components/Numbers";
import { PageHead, Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { Tag } from "~/components/SeverityBadge";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { person } from "~/lib/format";
import { paths } from "~/lib/paths";
import classes from "./Backtests.module.css";
import { Start } from "./Start";
import { statusNames, subjectName } from "./words";

/** Profiles, rules and models held against what happened: start one, and look at those before. */
export function BacktestsPage() {
  const api = useApi();
  const me = useQuery(meQuery(api));
  const query = useQuery(backtestsQuery(api));
  const rows = query.data?.data ?? [];
  return (
    <>
      <PageHead title="Backtests" hint="What profiles, rules or a model would have said, against what happened in the 90 days after">
        <Button component={Link} to={paths.accuracy} variant="default">Accuracy</Button>
      </PageHead>
      <div className={classes.stack}>
        {me.data?.role === "admin" && <Panel title="Hold against history"><Start /></Panel>}
        <Panel flush title="Backtests" hint="The newest first; kept for 400 days">
          {query.isError ? <ProblemState error={query.error} onRetry={() => void query.refetch()} />
            : query.data === undefined ? <Rows count={5} />
              : rows.length === 0 ? <EmptyState title="None yet">An admin starts one here, or on the draft of the health profiles.</EmptyState>
                : (
                  <ScrollRegion label="Table of backtests">
                    <table className="data">
                      <thead>
                        <tr><th scope="col">What</th><th scope="col">Status</th><th scope="col">What came of it</th><th scope="col">Asked for</th></tr>
                      </thead>
                      <tbody>
                        {rows.map((row) => (
                          <tr key={row.id}>
                            <td><Link to={paths.backtest(row.id)}>{subjectName(row.subject)}</Link></td>
                            <td><Tag>{statusNames[row.status]}</Tag></td>
                            <td>{row.said}</td>
                            <td style={{ whiteSpace: "nowrap" }}><When at={row.asked_at} wall /> by {person(row.asked_by)}</td>
                          </tr>
                        ))}
                      </tbody>
                    </table>
                  </ScrollRegion>
                )}
        </Panel>
        {me.data !== undefined && me.data.role !== "admin" && <Text size="xs" c="dimmed">Only admins start backtests.</Text>}
      </div>
    </>
  );
}
