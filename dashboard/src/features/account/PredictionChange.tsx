import { Text, Title } from "@mantine/core";
import type { PredictionChanged } from "~/api/types";
import { ScrollRegion } from "~/components/ScrollRegion";
import { day as dayText, percent, signed } from "~/lib/format";
import { addsUp, roundToSum } from "~/lib/sums";
import classes from "./Account.module.css";

const title = { churn: "Churn", downgrade: "Downgrade", payment: "Payment failure", expansion: "Expansion", revenue: "Revenue" };

/** What moved a model's probability between two days, in points that add up to the change. */
export function PredictionChange({ change, at, compare }: { change: PredictionChanged; at: string; compare: string }) {
  const name = title[change.kind];
  const rows = [
    ...change.inputs.map((input) => ({ key: input.name, text: input.text, points: input.points * 100 })),
    ...(change.by_model === null || Math.abs(change.by_model) < 1e-9 ? [] : [{ key: "model", text: `Another model: ${change.model_compare ?? ""} → ${change.model_version}`, points: change.by_model * 100 }]),
  ];
  const whole = (change.change ?? 0) * 100;
  const points = rows.map((row) => row.points);
  const shown = addsUp(points, whole) ? roundToSum(points, whole) : points;
  const named = rows.map((row, index) => ({ ...row, shown: shown[index] ?? 0 })).filter((row) => row.shown !== 0);
  return (
    <section className={classes.change} aria-label={`Change of the ${name.toLowerCase()} probability`}>
      <Title order={3} fz="sm" px="md" pt="sm">Probability: {name.toLowerCase()}</Title>
      {change.note !== null && <Text size="sm" px="md" py={4}>{change.note}</Text>}
      {named.length > 0 && (
        <ScrollRegion label={`What moved the ${name.toLowerCase()} probability`}>
          <table className="data">
            <thead><tr><th scope="col">What moved it, then → now</th><th scope="col" className="num">Points</th></tr></thead>
            <tbody>{named.map((row) => <tr key={row.key}><td>{row.text}</td><td className="num"><strong>{signed(row.shown)}</strong></td></tr>)}</tbody>
          </table>
        </ScrollRegion>
      )}
      <div className={classes.sum}>
        <span>{change.change === null ? "No change can be told" : <>All rows: <strong>{signed(whole)}</strong> points</>}</span>
        <span>{dayText(compare)} <strong>{percent(change.probability_compare, 1)}</strong> → {dayText(at)} <strong>{percent(change.probability_at, 1)}</strong></span>
      </div>
    </section>
  );
}
