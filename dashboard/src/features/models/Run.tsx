import { Progress, Text } from "@mantine/core";
import type { TrainingRun } from "~/api/types";
import { When } from "~/components/Numbers";
import { Tag } from "~/components/SeverityBadge";
import { integer, person } from "~/lib/format";
import classes from "./Models.module.css";
import { runNames } from "./words";

interface RunProps {
  run: Pick<TrainingRun, "status" | "verdict" | "accounts" | "accounts_done" | "asked_at" | "asked_by">;
  underWay: boolean;
  label?: string;
  /** What to do about a run that has said nothing for hours. */
  again?: string;
}

/** The newest training run: how far it is, or what came of it. */
export function Run({ run, underWay, label = "Last training", again = "train again" }: RunProps) {
  const open = run.status === "queued" || run.status === "running";
  return (
    <div className={classes.run}>
      <Text size="sm" component="div">
        {label} <Tag>{runNames[run.status]}</Tag> {run.verdict}
      </Text>
      {underWay && (
        <>
          <Progress aria-label="Accounts read" value={run.accounts === 0 ? 0 : (100 * run.accounts_done) / run.accounts} />
          <Text size="xs" c="dimmed" role="status">
            {run.accounts === 0 ? "Waits for its turn" : `${integer(run.accounts_done)} of ${integer(run.accounts)} accounts read`}
          </Text>
        </>
      )}
      {open && !underWay && <Text size="sm">It has said nothing for hours: {again}.</Text>}
      <Text size="xs" c="dimmed" component="div">Asked for <When at={run.asked_at} wall /> by {person(run.asked_by)}</Text>
    </div>
  );
}
