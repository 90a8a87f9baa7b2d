import { Button, NativeSelect, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import { useApi } from "~/api/client";
import { accuracyQuery, type PredictionKind } from "~/api/queries";
import type { Accuracy, MethodAccuracy } from "~/api/types";
import { When } from "~/components/Numbers";
import { PageHead, Panel } from "~/components/Panel";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { oneOf } from "~/lib/decode";
import { day, decimal, integer } from "~/lib/format";
import { paths } from "~/lib/paths";
import classes from "./Accuracy.module.css";
import { Bands } from "./Bands";
import { Calibration } from "./Calibration";
import { DataNeeded } from "./DataNeeded";
import { Figures } from "./Figures";
import { Misses } from "./Misses";
import { RuleTable } from "./RuleTable";
import { Threshold } from "./Threshold";
import { kindNames, methodNames, methodOf } from "./words";

const KINDS = ["churn", "downgrade", "payment", "expansion", "revenue"] as const;

/** How right predictions, bands and rules were, with the accounts that they were wrong about by name. */
export function AccuracyPage() {
  const [params, setParams] = useSearchParams();
  const kind = oneOf(KINDS, params.get("kind")) ?? "churn";
  const query = useQuery(accuracyQuery(useApi(), kind));
  const set = (name: string, value: string) =>
    setParams((old) => {
      old.set(name, value);
      return old;
    }, { replace: true });
  const found = query.data;
  const own = found?.methods.find((row) => methodOf(row) === params.get("method")) ?? found?.methods[0];
  return (
    <>
      <PageHead title="Accuracy" hint={found === undefined ? "What was predicted, and what happened" : <Hint found={found} />}>
        <NativeSelect
          aria-label="What is predicted" value={kind} onChange={(event) => set("kind", event.currentTarget.value)}
          data={KINDS.map((value) => ({ value, label: kindNames[value].title }))}
        />
        {own !== undefined && (
          <NativeSelect
            aria-label="Predicted by" value={methodOf(own)} onChange={(event) => set("method", event.currentTarget.value)}
            data={(found?.methods ?? []).map((row) => ({ value: methodOf(row), label: methodNames[methodOf(row)] }))}
          />
        )}
        <Button component={Link} to={paths.backtests} variant="default">Backtests</Button>
      </PageHead>
      {query.isError ? <Panel><ProblemState error={query.error} onRetry={() => void query.refetch()} /></Panel>
        : found === undefined ? <Panel flush><Rows count={8} height={24} /></Panel>
          : (
            <div className={classes.stack}>
              {own === undefined ? <Nothing found={found} kind={kind} /> : <Filled found={found} own={own} kind={kind} />}
              <RuleTable rules={found.rules} kind={kind} />
            </div>
          )}
    </>
  );
}

function Hint({ found }: { found: Accuracy }) {
  if (found.computed_at === null || found.computed_at === undefined) return <>Figures are made each night</>;
  return (
    <>
      Checked predictions since {day(found.from)}, of the first of each month and of days with a new alert. Computed <When at={found.computed_at} wall />
    </>
  );
}

/** Why there are no figures, and what brings them. */
function Nothing({ found, kind }: { found: Accuracy; kind: PredictionKind }) {
  return (
    <Panel>
      <EmptyState title="No outcomes yet">
        A prediction is checked when its 90 days have passed, or when an outcome is recorded.
        {found.next_due !== null && found.next_due !== undefined && <> The next check is due on {day(found.next_due)}.</>}
        {" "}Record churn and renewals on an account, or send them by <code className="mono">POST /v1/outcomes</code>.
        {" "}{kindNames[kind].counted}: {integer(found.labels.happened)} of {integer(found.labels.needed ?? found.labels.happened)}.
      </EmptyState>
    </Panel>
  );
}

function Filled({ found, own, kind }: { found: Accuracy; own: MethodAccuracy; kind: PredictionKind }) {
  return (
    <>
      <Panel
        title={`At the cut of ${decimal(found.cut, 2)}`}
        hint="A probability at or over the cut counts as a yes. In brackets: the range that so few predictions allow, 95 %"
      >
        <Figures part={own.overall} kind={kind} />
      </Panel>
      <div className={classes.columns}>
        <Panel title="Calibration" hint="Of those with a stated probability, how many it happened to; on the line is right">
          <Calibration part={own.overall} />
        </Panel>
        <Panel flush title="Band and outcome" hint={`The band on the day of the prediction, and whether it happened in the 90 days after`}>
          <Bands bands={found.bands} kind={kind} />
        </Panel>
        <Panel title="Data counts" hint="Accounts with a checked outcome; what each number allows">
          <DataNeeded labels={found.labels} kind={kind} />
        </Panel>
        <Panel title="How many alerts, how right" hint="The cut that fits the time there is, from checked predictions">
          <Threshold kind={kind} cut={found.cut} />
        </Panel>
      </div>
      <Misses kind={kind} method={methodOf(own)} />
      <Parts own={own} kind={kind} />
    </>
  );
}

/** The same figures by profile and by version. */
function Parts({ own, kind }: { own: MethodAccuracy; kind: PredictionKind }) {
  const parts = [...own.versions, ...own.segments];
  if (parts.length < 2) return null;
  return (
    <Panel title="By profile and version">
      {parts.map((part) => (
        <div key={part.name} style={{ marginBottom: 14 }}>
          <Text size="sm" fw={600}>{part.name}</Text>
          <Figures part={part} kind={kind} />
        </div>
      ))}
    </Panel>
  );
}
