import { Button, Group, SegmentedControl } from "@mantine/core";
import { IconActivity } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { useApi } from "~/api/client";
import { usageQuery } from "~/api/queries";
import { UsageChart } from "~/components/charts/UsageChart";
import { Panel } from "~/components/Panel";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { ScrollRegion } from "~/components/ScrollRegion";
import { number } from "~/lib/decode";
import { day, integer, words } from "~/lib/format";
import { paths } from "~/lib/paths";
import { Outlook } from "./Outlook";

export function Usage({ id }: { id: string }) {
  const [days, setDays] = useState("90");
  const [show, setShow] = useState("events");
  const query = useQuery(usageQuery(useApi(), id, Number(days)));
  const rows = (query.data?.data ?? []).toSorted((a, b) => a.day.localeCompare(b.day));
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.by_name)))].toSorted();
  return (
    <div style={{ display: "grid", gap: 16 }}>
      <Panel
        title="Usage" hint="Counted once per event id; users are distinct within a day"
        aside={(
          <Group gap="xs">
            <SegmentedControl size="xs" aria-label="Show" value={show} onChange={setShow} data={[{ value: "events", label: "Events" }, { value: "users", label: "Users" }]} />
            <SegmentedControl size="xs" aria-label="Days" value={days} onChange={setDays} data={[{ value: "30", label: "30 d" }, { value: "90", label: "90 d" }, { value: "365", label: "1 y" }]} />
          </Group>
        )}
      >
        {query.isError ? <ProblemState error={query.error} onRetry={() => void query.refetch()} />
          : query.isPending ? <Rows count={6} height={26} />
            : rows.every((row) => row.events === 0) ? (
              <EmptyState
                title="No usage in this span" icon={<IconActivity size={28} stroke={1.4} color="var(--muted)" aria-hidden />}
                action={<Button component={Link} to={paths.integrations} variant="default">See the sources</Button>}
              >
                Send product events through the API, a webhook or a CSV file of kind “events”.
              </EmptyState>
            ) : <UsageChart days={rows} show={show === "users" ? "users" : "events"} />}
      </Panel>
      <Outlook id={id} />
      {rows.length > 0 && (
        <Panel flush title="By day">
          <ScrollRegion label="Usage by day" className="" maxHeight={340}>
            <table className="data">
              <thead><tr><th scope="col">Day</th><th scope="col" className="num">Events</th><th scope="col" className="num">Users</th>{names.map((name) => <th key={name} scope="col" className="num">{words(name)}</th>)}</tr></thead>
              <tbody>
                {rows.toReversed().map((row) => (
                  <tr key={row.day}>
                    <td style={{ whiteSpace: "nowrap" }}>{day(row.day)}</td><td className="num">{integer(row.events)}</td><td className="num">{integer(row.users)}</td>
                    {names.map((name) => <td key={name} className="num">{integer(number(row.by_name, name) ?? 0)}</td>)}
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollRegion>
        </Panel>
      )}
    </div>
  );
}
