import { Button } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconClockPause } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "~/api/client";
import { messagesQuery } from "~/api/queries";
import type { Message } from "~/api/types";
import { useRows } from "~/api/useRows";
import { When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { EmptyState, LookingFurther, ProblemState, Rows } from "~/components/States";
import { words } from "~/lib/format";
import { paths } from "~/lib/paths";

const states: Record<Message["status"], [icon: typeof IconCircleX, color: string]> = {
  sent: [IconCircleCheck, "var(--healthy)"],
  failed: [IconCircleX, "var(--critical)"],
  held: [IconClockPause, "var(--muted)"],
  pending: [IconClockPause, "var(--muted)"],
};

/** What went out lately, to whom, and what was held back and why. */
export function Messages() {
  const query = useInfiniteQuery(messagesQuery(useApi()));
  const { rows, looking, retry } = useRows(query);
  return (
    <Panel flush title="Recent messages" hint="Each event goes once to each channel and person">
      {query.isError && rows.length === 0 ? <ProblemState error={query.error} onRetry={retry} />
        : query.isPending ? <Rows count={4} /> : looking ? <LookingFurther />
          : rows.length === 0 ? <EmptyState title="Nothing has gone out yet">The first critical or high alert will be listed here.</EmptyState>
            : (
              <ScrollRegion label="Table of recent messages" className="" maxHeight={320}>
                <table className="data">
                  <thead><tr><th scope="col">What</th><th scope="col">To</th><th scope="col">State</th><th scope="col">When</th></tr></thead>
                  <tbody>
                    {rows.map((row) => {
                      const [Icon, color] = states[row.status];
                      return (
                        <tr key={`${row.event}-${row.channel}-${row.recipient_masked}`}>
                          <td>{row.alert === null ? (row.title ?? words(row.event)) : <Link to={paths.alert(row.alert)}>{row.title ?? "Alert"}</Link>}</td>
                          <td>{words(row.channel)}<div className="muted">{row.recipient_masked}</div></td>
                          <td>
                            <span style={{ display: "inline-flex", gap: 5, alignItems: "center" }}><Icon size={15} color={color} aria-hidden />{words(row.status)}</span>
                            {row.error !== null && <div className="muted">{row.error}</div>}
                          </td>
                          <td style={{ whiteSpace: "nowrap" }}><When at={row.at} wall /></td>
                        </tr>
                      );
                    })}
                  </tbody>
                </table>
                {query.hasNextPage && (
                  <div style={{ padding: 10, textAlign: "center" }}>
                    <Button variant="subtle" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                      {query.isError ? "The older ones failed: try again" : "Load older"}
                    </Button>
                  </div>
                )}
              </ScrollRegion>
            )}
    </Panel>
  );
}
