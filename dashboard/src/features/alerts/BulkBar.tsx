import { Button, Checkbox, Text } from "@mantine/core";
import { IconBan, IconCheck } from "@tabler/icons-react";
import type { Bulk } from "~/api/bulkAlerts";
import { AssignMenu } from "~/components/alerts/AssignMenu";
import { SnoozeMenu } from "~/components/alerts/SnoozeMenu";
import { integer } from "~/lib/format";
import classes from "./Alerts.module.css";
import type { Handover, ManyCommands } from "./types";

interface BulkBarProps {
  count: number;
  of: number;
  hasMore: boolean;
  progress: Bulk["progress"];
  commands: ManyCommands;
  handover: Handover;
  snoozing: boolean;
  onSnoozing: (opened: boolean) => void;
  onDismiss: () => void;
  onAll: () => void;
  onNone: () => void;
}

/** Over the list: how many are chosen, and what can be done with all of them at once. */
export function BulkBar(props: BulkBarProps) {
  const { count, of, hasMore, progress, commands, handover, snoozing, onSnoozing, onDismiss, onAll, onNone } = props;
  const busy = progress !== undefined;
  return (
    <div className={classes.bulk}>
      <Checkbox
        size="xs" label={count === 0 ? `${integer(of)} ${of === 1 ? "alert" : "alerts"}${hasMore ? " loaded" : ""}` : `${integer(count)} selected`}
        aria-label={count === of ? "Select none" : `Select all ${integer(of)} loaded`} disabled={busy}
        checked={count > 0 && count === of} indeterminate={count > 0 && count < of} onChange={count === of ? onNone : onAll}
      />
      {count > 0 && !busy && <Button variant="subtle" color="gray" size="compact-xs" ml="auto" onClick={onNone}>Clear</Button>}
      {busy ? <Text size="xs" c="dimmed" className="num" role="status">Saving: {integer(progress.done)} of {integer(progress.of)}</Text>
        : count > 0 && (
          <div className={classes.bulkActions} role="group" aria-label="With the selected alerts">
            <Button variant="default" size="compact-xs" leftSection={<IconCheck size={13} aria-hidden />} onClick={commands.acknowledge}>Acknowledge</Button>
            <SnoozeMenu compact opened={snoozing} onChange={onSnoozing} onSnooze={commands.snooze} />
            <Button variant="default" size="compact-xs" leftSection={<IconBan size={13} aria-hidden />} onClick={onDismiss}>Dismiss</Button>
            <AssignMenu compact people={handover.people} me={handover.me} opened={handover.opened} onChange={handover.onOpened} onAssign={commands.assign} />
          </div>
        )}
    </div>
  );
}
