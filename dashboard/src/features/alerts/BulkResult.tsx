import { Button, CloseButton, Group, Text } from "@mantine/core";
import { Link } from "react-router";
import type { Outcome } from "~/api/bulkAlerts";
import { ScrollRegion } from "~/components/ScrollRegion";
import { integer, sentence } from "~/lib/format";
import { paths } from "~/lib/paths";
import classes from "./Alerts.module.css";

interface BulkResultProps {
  outcome: Outcome;
  search: string;
  onUndo: () => void;
  onClose: () => void;
}

/** What became of a change of many alerts: how many went through, which did not and why, and the way back. */
export function BulkResult({ outcome, search, onUndo, onClose }: BulkResultProps) {
  const { said, done, skipped, failed, undo } = outcome;
  const parts = [
    done.length > 0 || failed.length === 0 ? `${integer(done.length)} ${said}` : "",
    skipped.length > 0 ? `${integer(skipped.length)} left as they are` : "",
    failed.length > 0 ? `${integer(failed.length)} not saved` : "",
  ].filter((part) => part !== "");
  const left = [...failed, ...skipped];
  return (
    <div className={classes.outcome} data-failed={failed.length > 0}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" fw={600} role="status">{sentence(parts.join(", "))}</Text>
        <Group gap={4} wrap="nowrap">
          {undo.length > 0 && <Button variant="light" size="compact-xs" onClick={onUndo}>Undo</Button>}
          <CloseButton size="sm" aria-label="Close the result" onClick={onClose} />
        </Group>
      </Group>
      {left.length > 0 && (
        <ScrollRegion label="Not changed" className="" maxHeight={168}>
          <ul className={classes.left}>
            {left.map(({ alert, why }) => (
              <li key={alert.id}>
                <Link className="plain" to={{ pathname: paths.alert(alert.id), search }}>{alert.account.name}: {alert.title}</Link>
                <span className="muted"> · {why}</span>
              </li>
            ))}
          </ul>
        </ScrollRegion>
      )}
    </div>
  );
}
