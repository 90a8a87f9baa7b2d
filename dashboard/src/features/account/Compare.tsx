import { Group, NativeSelect, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "~/api/client";
import { explainQuery } from "~/api/queries";
import type { Explain } from "~/api/types";
import { Panel } from "~/components/Panel";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { day as dayText, score as scoreText, signed } from "~/lib/format";
import { addsUp, roundToSum } from "~/lib/sums";
import { groupLabel } from "~/lib/vocabulary";
import classes from "./Account.module.css";
import { PredictionChange } from "./PredictionChange";

interface CompareProps {
  id: string;
  days: readonly string[];
  from: string;
  to: string;
  onChange: (days: { from: string; to: string }) => void;
}

/** What changed between two days, in contributions that add up to the change of the score, and of each model's probability. */
export function Compare({ id, days, from, to, onChange }: CompareProps) {
  const explain = useQuery(explainQuery(useApi(), id, from, to));
  const options = days.toReversed().map((value) => ({ value, label: dayText(value) }));
  return (
    <Panel
      flush title="What changed" hint="Two days compared, measure by measure"
      aside={(
        <Group gap="xs">
          <NativeSelect size="xs" aria-label="From day" value={from} data={options} onChange={(e) => onChange({ from: e.currentTarget.value, to })} />
          <Text size="sm" c="dimmed">to</Text>
          <NativeSelect size="xs" aria-label="To day" value={to} data={options} onChange={(e) => onChange({ from, to: e.currentTarget.value })} />
        </Group>
      )}
    >
      {from === to ? <EmptyState title="Choose two different days">The same day has nothing to compare with.</EmptyState>
        : explain.isError ? <ProblemState error={explain.error} onRetry={() => void explain.refetch()} />
          : explain.data === undefined ? <Rows count={5} /> : (
            <>
              <Contributions explain={explain.data} />
              {explain.data.predictions.map((change) => <PredictionChange key={change.kind} change={change} at={explain.data.at} compare={explain.data.compare} />)}
            </>
          )}
    </Panel>
  );
}

function Contributions({ explain }: { explain: Explain }) {
  const { change } = explain;
  if (change === null) {
    return <EmptyState title="One of the days has no score">Choose days on which enough of the profile had data.</EmptyState>;
  }
  const points = explain.contributions.map((row) => row.points);
  const exact = addsUp(points, change);
  const shown = exact ? roundToSum(points, change) : points;
  const rows = explain.contributions
    .map((row, index) => ({ ...row, shown: shown[index] ?? 0 }))
    .filter((row) => row.shown !== 0)
    .toSorted((a, b) => Math.abs(b.shown) - Math.abs(a.shown));
  const most = Math.max(1, ...rows.map((row) => Math.abs(row.shown)));
  if (rows.length === 0) {
    return <EmptyState title="Nothing changed">The score was {scoreText(explain.score_at)} on both days, from the same measures.</EmptyState>;
  }
  return (
    <>
      <div className="scroll-x">
        <table className="data">
          <thead><tr><th scope="col">Measure</th><th scope="col" style={{ width: "32%" }}>Down and up</th><th scope="col" className="num">Points</th></tr></thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.measure}>
                <td>
                  <Text size="sm" fw={500}>{row.name} <span className="muted mono">{row.measure}</span></Text>
                  <Text size="xs" c="dimmed">{groupLabel[row.group ?? "cap"] ?? row.group}{row.detail === "" ? "" : ` · ${row.detail}`}</Text>
                </td>
                <td>
                  <span className={classes.fall} aria-hidden>
                    <b style={{ left: "50%" }} />
                    <i data-good={row.shown > 0} style={{ left: `${row.shown > 0 ? 50 : 50 - (Math.abs(row.shown) / most) * 50}%`, width: `${(Math.abs(row.shown) / most) * 50}%` }} />
                  </span>
                </td>
                <td className="num"><strong>{signed(row.shown)}</strong></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className={classes.sum} data-testid="compare-sum">
        <span>Contributions, all rows: <strong>{signed(change)}</strong></span>
        <span>
          {dayText(explain.compare)} <strong>{scoreText(explain.score_compare)}</strong> → {dayText(explain.at)} <strong>{scoreText(explain.score_at)}</strong>
        </span>
        {!exact && <span role="alert" style={{ color: "var(--critical)" }}>The rows do not add up to the change.</span>}
      </div>
    </>
  );
}
