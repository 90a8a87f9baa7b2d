import { Text } from "@mantine/core";
import type { PredictionKind } from "~/api/queries";
import type { Accuracy } from "~/api/types";
import { integer } from "~/lib/format";
import classes from "./Accuracy.module.css";
import { kindNames } from "./words";

const allows: Record<string, string> = {
  logistic_shadow: "a logistic regression may run in shadow, without alerts",
  logistic: "a logistic regression may raise alerts after its shadow",
  boosting: "gradient boosting may challenge it",
};

/** How many labels there are, and how many the next step needs. */
export function DataNeeded({ labels, kind }: { labels: Accuracy["labels"]; kind: PredictionKind }) {
  const needed = labels.needed ?? null;
  const share = needed === null ? 1 : labels.happened / needed;
  return (
    <>
      <Text size="sm">
        {kindNames[kind].counted}: <strong>{integer(labels.happened)}{needed !== null && ` of ${integer(needed)}`}</strong>
      </Text>
      <div className={classes.bar} aria-hidden><span style={{ width: `${Math.round(share * 100)}%` }} /></div>
      <Text size="xs" c="dimmed">
        {needed === null ? "Every kind of model may run." : `With ${integer(needed)}, ${allows[labels.unlocks ?? ""] ?? "the next kind of model may run"}.`}
        {" "}{integer(labels.not)} accounts without.
      </Text>
    </>
  );
}
