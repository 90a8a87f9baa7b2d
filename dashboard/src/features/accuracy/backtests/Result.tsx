import { Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { BacktestResult, BacktestSide } from "~/api/types";
import { CalibrationChart } from "~/components/charts/CalibrationChart";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { Tag } from "~/components/SeverityBadge";
import { day, decimal, integer, person } from "~/lib/format";
import { Interval } from "../Interval";
import classes from "./Backtests.module.css";
import { Missed } from "./Missed";
import { BandPlot, GainPlot, OutcomeKey, RecallPlot, ranked, SideKey, WarningPlot } from "./Plots";
import { heading } from "./words";

interface ResultProps {
  result: BacktestResult;
  names: ReadonlyMap<string, string>;
}

/** Everything that came of a backtest. */
export function Result({ result, names }: ResultProps) {
  const { looks, sides, labels, replay } = result;
  const shown = ranked(result);
  const calibrated = sides.filter(({ has_probabilities: has, figures }) => has && figures.calibration.length > 0);
  const warned = sides.filter(({ warnings }) => (warnings?.days.length ?? 0) > 0);
  return (
    <div className={classes.stack}>
      <Panel title="What was looked at">
        <Text size="sm" mb={8}>
          {looks.length === 0 ? "No month" : `${integer(looks.length)} months, ${day(looks[0])} to ${day(looks.at(-1))}`}, each with the {result.window_days} days after.
          {" "}{integer(result.accounts)} accounts, {integer(result.rows)} looks with a known outcome; {integer(labels.happened)} accounts with the outcome
          {labels.needed === null || labels.needed === undefined ? "" : ` of ${integer(labels.needed)} asked for`}, {integer(labels.not)} without.
        </Text>
        <ul className={classes.notes}>{result.notes.map((note) => <li key={note}>{heading(note)}</li>)}</ul>
      </Panel>
      <Panel flush title="How right" hint="In brackets: the range that so few looks allow, 95 %"><Compared sides={sides} /></Panel>
      <Panel title="Band and outcome" hint={`The band on the day of the look, and what became of the account in the ${result.window_days} days after`}>
        <OutcomeKey />
        {sides.filter(({ bands }) => bands.length > 0).map((side) => (
          <div key={side.name} style={{ marginTop: 14 }}>
            <Title order={3} fz="sm" mb={4}>{heading(side.name)}</Title>
            <BandPlot side={side} />
          </div>
        ))}
      </Panel>
      <Panel title="Ranking" hint="How many are caught when the riskiest are looked at first">
        {shown.length === 0 ? <Text size="sm">It happened to none or to all: a ranking cannot be judged.</Text> : (
          <>
            <div className={classes.columns}><GainPlot sides={shown} /><RecallPlot sides={shown} /></div>
            <SideKey sides={shown} />
          </>
        )}
      </Panel>
      {warned.length > 0 && (
        <Panel title="Days of warning" hint={`${integer(result.losses)} losses with a date: for how many days each had been flagged without a break on the day before`}>
          <div className={classes.columns}>
            {warned.map(({ name, warnings }) => warnings && (
              <div key={name}>
                <Title order={3} fz="sm" mb={4}>{heading(name)}</Title>
                <WarningPlot warnings={warnings} name={name} />
              </div>
            ))}
          </div>
        </Panel>
      )}
      {calibrated.length > 0 && (
        <Panel title="Calibration" hint="Of those with a stated probability, how many it happened to; on the line is right">
          <div className={classes.columns}>
            {calibrated.map(({ name, figures }) => (
              <div key={name}>
                <Title order={3} fz="sm" mb={4}>{heading(name)}</Title>
                <Text size="sm">Calibration error {decimal(figures.ece, 3)}, Brier {decimal(figures.brier, 3)}</Text>
                <CalibrationChart points={figures.calibration.map(({ from, said, happened }) => ({ from, said, happened: happened.share, interval: happened }))} />
              </div>
            ))}
          </div>
        </Panel>
      )}
      {sides.map((side) => <Missed key={side.name} side={side} losses={result.losses} names={names} />)}
      {sides[0] !== undefined && sides[0].rules.length > 0 && <Rules side={sides[0]} days={result.window_days} />}
      {replay.rules.length > 0 && <Replayed replay={replay} />}
    </div>
  );
}

/** What is told of each side. */
const rows: { label: string; cell: (side: BacktestSide) => ReactNode }[] = [
  { label: "Counts as flagged", cell: ({ flags }) => flags },
  { label: "Precision", cell: ({ figures }) => <Interval share={figures.precision} /> },
  { label: "Recall", cell: ({ figures }) => <Interval share={figures.recall} /> },
  { label: "Lift, top tenth", cell: ({ lift }) => <Range of={lift} digits={1} /> },
  { label: "AUC", cell: ({ auc }) => <Range of={auc} digits={2} /> },
  { label: "Flagged 90 days before the loss", cell: ({ warnings }) => <Interval share={warnings?.at_90} /> },
  { label: "Warned of 60 days ahead or earlier", cell: ({ warnings }) => <Interval share={warnings?.at_least_60} /> },
  { label: "Warned of 30 days ahead or earlier", cell: ({ warnings }) => <Interval share={warnings?.at_least_30} /> },
  { label: "Days of warning, middle loss", cell: ({ warnings }) => <strong className="num">{integer(warnings?.median_days)}</strong> },
  { label: "Looks without an answer", cell: ({ not_scored: none }) => <Interval share={none} /> },
  {
    label: "Right and wrong",
    cell: ({ figures: { confusion: all } }) =>
      `${integer(all.true_positive)} flagged and lost, ${integer(all.false_positive)} flagged and not, ${integer(all.false_negative)} lost and not flagged, ${integer(all.true_negative)} neither`,
  },
];

/** The figures of each side in a column of its own. */
function Compared({ sides }: { sides: readonly BacktestSide[] }) {
  return (
    <ScrollRegion label="Figures by side">
      <table className="data">
        <thead><tr><th scope="col">Figure</th>{sides.map(({ name }) => <th key={name} scope="col">{heading(name)}</th>)}</tr></thead>
        <tbody>
          {rows.map(({ label, cell }) => (
            <tr key={label}><th scope="row">{label}</th>{sides.map((side) => <td key={side.name}>{cell(side)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function Range({ of, digits }: { of: BacktestSide["lift"]; digits: number }) {
  if (of === null || of === undefined) return <span className="muted">–</span>;
  return <><strong className="num">{decimal(of.value, digits)}</strong> <span className="muted">({decimal(of.low, digits)} to {decimal(of.high, digits)})</span></>;
}

function Rules({ side, days }: { side: BacktestSide; days: number }) {
  return (
    <Panel flush title="Rules" hint={`How often it happened in the ${days} days after a look at which the rule held`}>
      <ScrollRegion label="Table of rules">
        <table className="data">
          <thead><tr><th scope="col">Rule</th><th scope="col" className="num">Looks</th><th scope="col">Precision</th><th scope="col">Recall</th><th scope="col" className="num">Lift</th></tr></thead>
          <tbody>
            {side.rules.map(({ rule, precision, recall, lift }) => (
              <tr key={rule}>
                <td className="mono">{rule}</td><td className="num">{integer(precision.of)}</td>
                <td><Interval share={precision} /></td><td><Interval share={recall} /></td><td className="num">{decimal(lift, 2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </Panel>
  );
}

/** The alerts of the last weeks, by rule and by owner. */
function Replayed({ replay }: { replay: BacktestResult["replay"] }) {
  return (
    <Panel title={`Alerts of the last ${replay.weeks} weeks`} hint="What the rules would have opened, looked at week by week; muted rules reach nobody">
      <div className={classes.columns}>
        <ScrollRegion label="Alerts by rule">
          <table className="data">
            <AlertsHead of="Rule" />
            <tbody>
              {replay.rules.map(({ rule, name, muted, alerts, accounts, per_week: weekly }) => (
                <tr key={rule}>
                  <td>{name} <span className="mono muted">{rule}</span> {muted && <Tag>muted</Tag>}</td>
                  <td className="num">{integer(alerts)}</td><td className="num">{integer(accounts)}</td><td className="num">{decimal(weekly, 2)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
        <ScrollRegion label="Alerts by owner">
          <table className="data">
            <AlertsHead of="Owner" />
            <tbody>
              {replay.owners.map(({ owner, alerts, accounts, per_week: weekly }) => (
                <tr key={owner ?? ""}>
                  <td>{owner === null || owner === undefined ? <span className="muted">nobody</span> : person(owner)}</td>
                  <td className="num">{integer(alerts)}</td><td className="num">{integer(accounts)}</td><td className="num">{decimal(weekly, 2)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      </div>
      <Text size="xs" c="dimmed" mt={8}>Alerts that were open before these weeks are not counted.</Text>
    </Panel>
  );
}

function AlertsHead({ of }: { of: string }) {
  return (
    <thead><tr><th scope="col">{of}</th><th scope="col" className="num">Alerts</th><th scope="col" className="num">Accounts</th><th scope="col" className="num">A week</th></tr></thead>
  );
}
