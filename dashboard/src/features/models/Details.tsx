import { Stack, Text, Title } from "@mantine/core";
import type { ModelAmounts, ModelVersion } from "~/api/types";
import { When } from "~/components/Numbers";
import { day, decimal, integer, percent, person, signed } from "~/lib/format";
import { learntBins } from "~/lib/learnt";
import { Calibration } from "./Calibration";
import { Checks } from "./Checks";
import classes from "./Models.module.css";
import { answering, makers } from "./words";

/** Everything that speaks for and against a version. */
export function Details({ version }: { version: ModelVersion }) {
  const { evidence, trained_on: trained, validation } = version;
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">{makers[version.maker]}, registered <When at={version.registered_at} /> by {person(version.registered_by)}</Text>
      <section>
        <Title order={3} fz="sm" mb={6}>Checks</Title>
        <Checks checks={version.checks} />
      </section>
      <div className={classes.columns}>
        <section>
          <Title order={3} fz="sm" mb={6}>Calibration</Title>
          {validation === null ? <Text size="sm" c="dimmed">Nobody measured it here.</Text> : <Calibration bins={learntBins(validation.calibration)} />}
        </section>
        <section>
          <Title order={3} fz="sm" mb={6}>Evidence</Title>
          <Stack gap={6}>
            {evidence === null
              ? <Text size="sm">It was held against nothing of this tenant.</Text>
              : (
                <Text size="sm">
                  {validation !== null && validation.amounts !== null ? <Amounts of={validation.amounts} /> : <>Held against {answering(evidence.against).toLowerCase()}: PR-AUC {signed(evidence.pr_auc_gain.value, 3)}
                  {" "}({signed(evidence.pr_auc_gain.low, 3)} to {signed(evidence.pr_auc_gain.high, 3)}, 95 %)</>}
                </Text>
              )}
            {validation !== null && validation.rules !== null && (
              <Text size="sm">
                The rules on the same rows: AUC {decimal(validation.rules.auc, 2)}, PR-AUC {decimal(validation.rules.pr_auc, 2)},
                {" "}lift {decimal(validation.rules.lift_at_10, 1)}
              </Text>
            )}
            {trained !== null && (
              <Text size="sm">
                Trained on {integer(trained.accounts)} accounts, {integer(trained.positive_accounts)} with the outcome; {integer(trained.rows)} rows,
                {" "}{integer(trained.positives)} with it. Cut-offs: {span(trained.cutoffs)}
              </Text>
            )}
            {validation !== null && (
              <Text size="sm">
                Validated by a fit of {span(validation.train_cutoffs)}, on {integer(validation.rows)} rows ({integer(validation.positives)} with the outcome)
                of {span(validation.test_cutoffs)}
              </Text>
            )}
          </Stack>
        </section>
      </div>
    </Stack>
  );
}

/** What expected amounts are worth beside the run-rate. */
function Amounts({ of }: { of: ModelAmounts }) {
  return (
    <>
      Held against the run-rate: mean absolute error {decimal(of.mae, 0)} (run-rate {decimal(of.rule_mae, 0)}), Gini {decimal(of.gini, 3)}
      {" "}(run-rate {decimal(of.rule_gini, 3)}); all expected amounts come to {decimal(of.total_ratio, 2)} of what came, and
      {" "}{percent(of.covered)} of the amounts lay within their interval of 80 %
    </>
  );
}

/** A list of cut-offs by its number and ends. */
function span(days: readonly string[]): string {
  const [first, last] = [days[0], days.at(-1)];
  return days.length < 2 ? day(first) : `${days.length} months, ${day(first)} to ${day(last)}`;
}
