import { Button, Group, SegmentedControl, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useApi } from "~/api/client";
import { accountAlertsQuery, historyQuery } from "~/api/queries";
import { HistoryChart } from "~/components/charts/HistoryChart";
import { Panel } from "~/components/Panel";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { ScrollRegion } from "~/components/ScrollRegion";
import { day as dayText, percent, score as scoreText } from "~/lib/format";
import { bandLabel } from "~/lib/vocabulary";
import { Compare } from "./Compare";

const SPANS = [{ value: "30", label: "30 d" }, { value: "90", label: "90 d" }, { value: "365", label: "1 y" }, { value: "all", label: "All" }];

/** The score over time, and the comparison of two of its days. */
export function History({ id }: { id: string }) {
  const api = useApi();
  const history = useQuery(historyQuery(api, id));
  const alerts = useQuery(accountAlertsQuery(api, id));
  const [span, setSpan] = useState("90");
  const [table, setTable] = useState(false);
  const [picked, setPicked] = useState<{ from?: string; to?: string }>({});
  const all = useMemo(() => (history.data?.data ?? []).toSorted((a, b) => a.day.localeCompare(b.day)), [history.data]);
  const shown = useMemo(() => {
    const last = all.at(-1)?.day;
    if (span === "all" || last === undefined) return all;
    const from = new Date(Date.parse(`${last}T00:00:00Z`) - Number(span) * 86_400_000).toISOString().slice(0, 10);
    return all.filter(({ day }) => day >= from);
  }, [all, span]);
  const to = picked.to ?? all.at(-1)?.day ?? "";
  const from = picked.from ?? all.findLast(({ day }) => daysBetween(day, to) >= 30)?.day ?? all[0]?.day ?? "";
  const marks = useMemo(() => (alerts.data?.data ?? []).map((alert) => ({ id: alert.id, day: alert.opened_at.slice(0, 10), title: alert.title }))
    .filter(({ day }) => shown.some((d) => d.day === day)), [alerts.data, shown]);

  return (
    <>
      <Panel
        title="History" hint="Lower bounds of the bands are inclusive. ▲ marks an alert. Choose a day to compare it"
        aside={(
          <Group gap="xs">
            <SegmentedControl size="xs" aria-label="Span" value={span} onChange={setSpan} data={SPANS} />
            <Button variant="subtle" color="gray" aria-pressed={table} onClick={() => setTable(!table)}>{table ? "Chart" : "Table"}</Button>
          </Group>
        )}
      >
        {history.isError ? <ProblemState error={history.error} onRetry={() => void history.refetch()} />
          : history.isPending ? <Rows count={6} height={28} />
            : shown.length < 2 ? <EmptyState title="No history yet">A day is kept each time the account is scored.</EmptyState>
              : table ? <HistoryTable days={shown} /> : (
                <HistoryChart days={shown} marks={marks} chosen={[from, to].filter((day) => shown.some((d) => d.day === day))} onChoose={(day) => setPicked(day < to ? { ...picked, from: day } : { ...picked, to: day })} />
              )}
      </Panel>
      {all.length > 1 && <Compare id={id} days={all.map(({ day }) => day)} from={from} to={to} onChange={setPicked} />}
    </>
  );
}

function daysBetween(a: string, b: string): number {
  return (Date.parse(b) - Date.parse(a)) / 86_400_000;
}

function HistoryTable({ days }: { days: readonly { day: string; score: number | null; band: keyof typeof bandLabel; coverage: number; churn_probability: number | null; backfilled: boolean }[] }) {
  return (
    <ScrollRegion label="Score by day" className="" maxHeight={260}>
      <table className="data">
        <thead><tr><th scope="col">Day</th><th scope="col" className="num">Score</th><th scope="col">Band</th><th scope="col" className="num">Coverage</th><th scope="col" className="num">Churn risk</th></tr></thead>
        <tbody>
          {days.toReversed().map((row) => (
            <tr key={row.day}>
              <td>{dayText(row.day)}{row.backfilled && <span className="muted"> in hindsight</span>}</td><td className="num">{scoreText(row.score)}</td><td><Text size="sm">{bandLabel[row.band]}</Text></td>
              <td className="num">{percent(row.coverage)}</td><td className="num">{percent(row.churn_probability)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
