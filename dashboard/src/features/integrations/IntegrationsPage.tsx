import { Button, CopyButton, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconCircleX, IconCopy, IconPlugConnected } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { useApi } from "~/api/client";
import { duplicatesQuery, integrationsQuery } from "~/api/queries";
import type { Integration } from "~/api/types";
import { When } from "~/components/Numbers";
import { PageHead, Panel } from "~/components/Panel";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { duration, integer, words } from "~/lib/format";
import { paths } from "~/lib/paths";
import { Deliveries } from "./Deliveries";
import classes from "./Integrations.module.css";

/** What comes in, from where, how late, and what was wrong with it. */
export function IntegrationsPage() {
  const { source = "" } = useParams();
  const query = useQuery(integrationsQuery(useApi()));
  const rows = query.data?.data ?? [];
  return (
    <>
      <PageHead title="Integrations" hint="Every source with its lag, rows and errors. Nothing acknowledged is lost: what fails is kept and named">
        <Button variant="default" component={Link} to={paths.imports}>Import a CSV file</Button>
      </PageHead>
      {query.isError ? <Panel><ProblemState error={query.error} onRetry={() => void query.refetch()} /></Panel>
        : query.isPending ? <Panel flush><Rows count={6} height={30} /></Panel>
          : rows.length === 0 ? (
            <Panel>
              <EmptyState
                title="No source has sent anything" icon={<IconPlugConnected size={28} stroke={1.4} color="var(--muted)" aria-hidden />}
                action={<Button component={Link} to={paths.imports}>Import a CSV file</Button>}
              >
                Begin with a CSV file of your accounts. Webhooks and the API add facts as they happen; each source appears here with its first delivery.
              </EmptyState>
            </Panel>
          ) : <div className={classes.cards}>{rows.map((row) => <Card key={row.source} row={row} chosen={row.source === source} />)}</div>}
      {source !== "" && <Deliveries source={source} />}
      <Duplicates />
    </>
  );
}

const states = {
  ok: { label: "On time", icon: IconCircleCheck, color: "var(--healthy)" },
  late: { label: "Late", icon: IconAlertTriangle, color: "var(--at_risk)" },
  failing: { label: "Failing", icon: IconCircleX, color: "var(--critical)" },
  never: { label: "Nothing yet", icon: IconCircleDashed, color: "var(--muted)" },
};

function Card({ row, chosen }: { row: Integration; chosen: boolean }) {
  const { label, icon: Icon, color } = states[row.status];
  return (
    <section className={classes.card} data-chosen={chosen} aria-label={row.source}>
      <div className={classes.top}>
        <div style={{ minWidth: 0 }}>
          <Text fw={600} className="clip">{words(row.source)}</Text>
          <Text size="xs" c="dimmed">{words(row.kind)}</Text>
        </div>
        <span className={classes.state} style={{ color }}><Icon size={16} aria-hidden />{label}</span>
      </div>
      <dl className={classes.pairs}>
        <div><dt>Last success</dt><dd><When at={row.last_success_at} wall /></dd></div>
        <div><dt>Lag</dt><dd>{duration(row.lag_seconds)}</dd></div>
        <div><dt>Rows, 24 h</dt><dd>{integer(row.rows_24h)}</dd></div>
        <div><dt>Errors, 24 h</dt><dd style={row.errors_24h > 0 ? { color: "var(--at_risk)" } : {}}>{integer(row.errors_24h)}</dd></div>
        <div><dt>Deliveries, 24 h</dt><dd>{integer(row.deliveries_24h)}</dd></div>
        <div><dt>Parked</dt><dd title="Rows for accounts that no one has sent yet">{integer(row.parked)}</dd></div>
      </dl>
      {row.last_error !== null && <Text size="xs" c="var(--mantine-color-error)" style={{ overflowWrap: "anywhere" }}>{row.last_error}</Text>}
      <div className={classes.foot}>
        <Button variant={chosen ? "light" : "default"} size="compact-xs" component={Link} to={chosen ? paths.integrations : paths.integration(row.source)}>
          {chosen ? "Close the log" : "Delivery log"}
        </Button>
        {row.webhook_url !== null && (
          <CopyButton value={row.webhook_url}>
            {({ copied, copy }) => (
              <Button variant="subtle" color="gray" size="compact-xs" leftSection={<IconCopy size={13} aria-hidden />} onClick={copy}>
                {copied ? "Copied" : "Copy webhook address"}
              </Button>
            )}
          </CopyButton>
        )}
      </div>
    </section>
  );
}

function Duplicates() {
  const query = useQuery(duplicatesQuery(useApi()));
  const rows = query.data?.data ?? [];
  if (rows.length === 0) return null;
  return (
    <div style={{ marginTop: 16 }}>
      <Panel flush title="Accounts that may be the same" hint={query.data?.complete === false ? "Found by domain or name across sources. Not every account was compared, or not every group is listed" : "Found by domain or name across sources"}>
        <table className="data">
          <thead><tr><th scope="col">Alike in</th><th scope="col">Accounts</th></tr></thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.reason}-${row.value}`}>
                <td>{words(row.reason)}: <strong>{row.value}</strong></td>
                <td>
                  {row.accounts.map((account) => (
                    <div key={account.id}><Link to={paths.account(account.id)}>{account.name}</Link> <span className="muted">{account.source}</span></div>
                  ))}
                  {row.members > row.accounts.length && <div className="muted">and {integer(row.members - row.accounts.length)} more</div>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Panel>
    </div>
  );
}
