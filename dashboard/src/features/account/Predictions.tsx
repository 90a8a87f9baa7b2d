import { Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "~/api/client";
import { predictionsQuery } from "~/api/queries";
import type { ExpectedAmount, Measure, Prediction } from "~/api/types";
import { When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { Tag } from "~/components/SeverityBadge";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { day, money, percent, sentence, signed, words } from "~/lib/format";
import classes from "./Account.module.css";

const KINDS = ["churn", "downgrade", "payment", "expansion", "revenue"] as const;
const title = { churn: "Churn", downgrade: "Downgrade", payment: "Payment failure", expansion: "Expansion", revenue: "Revenue" };
const missingText: Record<string, string> = { no_model: "No model is in service: these are the rules' own estimates." };

interface PredictionsProps {
  id: string;
  missing: readonly string[];
  /** Of the assessment: the rules' factors are its measures, by id. */
  measures: readonly Measure[];
}

/** The newest prediction of each kind and method, with what raised and lowered it. */
export function Predictions({ id, missing, measures }: PredictionsProps) {
  const names = new Map(measures.map((measure) => [measure.id, measure.name]));
  const query = useQuery(predictionsQuery(useApi(), id));
  const newest = KINDS.flatMap((kind) => (["model", "rules"] as const).flatMap((method) => {
    const found = query.data?.data.find((row) => row.kind === kind && row.method === method && !row.shadow);
    return found === undefined ? [] : [found];
  }));
  return (
    <Panel flush title="Predictions" hint="Probability within the window; each says how it was made">
      {query.isError ? <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        : query.isPending ? <Rows count={4} />
          : newest.length === 0 ? <EmptyState title="None yet">They come with the first score.</EmptyState>
            : <ul className={classes.plain}>{newest.map((row) => <li key={`${row.kind}-${row.method}`}><One prediction={row} names={names} /></li>)}</ul>}
      {missing.map((code) => missingText[code]).filter((text) => text !== undefined).map((text) => (
        <Text key={text} size="xs" c="dimmed" px="md" pb="sm">{text}</Text>
      ))}
    </Panel>
  );
}

function One({ prediction, names }: { prediction: Prediction; names: ReadonlyMap<string, string> }) {
  const isGood = prediction.kind === "revenue" || prediction.kind === "expansion";
  return (
    <>
      <Group justify="space-between" wrap="nowrap" align="baseline">
        <Text size="sm" fw={600}>{prediction.amount?.form === "growth" ? "Growth of recurring revenue" : title[prediction.kind]}</Text>
        <Text className="num" fw={650} fz="lg">{percent(prediction.probability, prediction.probability < 0.1 ? 1 : 0)}</Text>
      </Group>
      <Group gap={6} mb={6}>
        <Tag title={prediction.model_version ?? "The rules' own estimate"}>{prediction.method === "model" ? "By the model" : "By rules"}</Tag>
        <Text size="xs" c="dimmed">{words(prediction.confidence_label)} confidence · {prediction.window_days} days · <When at={prediction.computed_at} /></Text>
      </Group>
      {prediction.amount !== null && <Amount of={prediction.amount} />}
      <Factors factors={prediction.factors} names={names} label={`What raised and lowered the ${title[prediction.kind].toLowerCase()} prediction`} isGood={isGood} />
      {prediction.amount !== null && prediction.amount.factors.length > 0 && (
        <>
          <Text size="xs" c="dimmed" mt={6}>What makes the amount larger or smaller</Text>
          <Factors factors={prediction.amount.factors} names={names} label="What raised and lowered the expected amount" isGood />
        </>
      )}
      {prediction.note !== null && <Text size="xs" c="dimmed" mt={6}>{sentence(prediction.note)}</Text>}
      {prediction.actual_outcome !== null && (
        <Text size="xs" mt={6}>What happened: {words(prediction.actual_outcome)}{prediction.was_accurate === null ? "" : prediction.was_accurate ? ", as predicted" : ", not as predicted"}</Text>
      )}
      <Text size="xs" c="dimmed" mt={4}>Valid until {day(prediction.valid_until)}</Text>
    </>
  );
}

/** How much is expected in the window, beside the rule of the run-rate. */
function Amount({ of }: { of: ExpectedAmount }) {
  const text = (minor: number) => money({ amount_minor: minor, currency: of.currency }, "full");
  const each = of.form === "growth" ? " more a month" : "";
  return (
    <dl className={classes.amounts}>
      <div><dt>Expected</dt><dd className="num">{text(of.expected_minor)}{each}</dd></div>
      <div><dt>{of.form === "growth" ? "Growth before" : "Run-rate"}</dt><dd className="num">{text(of.run_rate_minor)}</dd></div>
      <div>
        <dt>If anything comes</dt>
        <dd className="num">{text(of.if_so_minor)} <span className="muted">{text(of.if_so_low_minor)} to {text(of.if_so_high_minor)}, 8 of 10</span></dd>
      </div>
    </dl>
  );
}

interface FactorsProps {
  factors: Prediction["factors"];
  names: ReadonlyMap<string, string>;
  label: string;
  /** More of what is predicted is good news. */
  isGood: boolean;
}

/** The strongest reasons with their share of the sum. */
function Factors({ factors: all, names, label, isGood }: FactorsProps) {
  const factors = all.slice(0, 5);
  const most = Math.max(1e-9, ...factors.map((factor) => Math.abs(factor.contribution)));
  if (factors.length === 0) return null;
  return (
    <table style={{ width: "100%", fontSize: "0.8125rem", borderSpacing: 0 }}>
      <caption className="visually-hidden">{label}</caption>
      <tbody>
        {factors.map((factor) => (
          <tr key={factor.name}>
            <td style={{ padding: "2px 8px 2px 0" }}>{names.has(factor.name) ? `${names.get(factor.name)}: ${factor.text}` : sentence(factor.text)}</td>
            <td style={{ width: 70 }}>
              <span className={classes.fall} style={{ minWidth: 60 }} aria-hidden>
                <b style={{ left: "50%" }} />
                <i
                  data-good={(factor.direction === "lowers") !== isGood}
                  style={{
                    left: `${factor.direction === "raises" ? 50 : 50 - (Math.abs(factor.contribution) / most) * 50}%`,
                    width: `${(Math.abs(factor.contribution) / most) * 50}%`,
                  }}
                />
              </span>
            </td>
            <td className="num" style={{ textAlign: "right", width: 52 }}>{signed(factor.contribution, 2)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
