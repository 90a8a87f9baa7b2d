import { Button, Group, Text } from "@mantine/core";
import { IconCheck, IconListCheck, IconMoodSmile } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { useApi } from "~/api/client";
import { meQuery } from "~/api/queries";
import type { TodayItem } from "~/api/types";
import { AccountMark } from "~/components/AccountMark";
import { SnoozeMenu } from "~/components/alerts/SnoozeMenu";
import { useAlertCommands } from "~/components/alerts/useAlertCommands";
import { BandBadge } from "~/components/BandBadge";
import { SeverityBadge, Tag } from "~/components/SeverityBadge";
import { EmptyState } from "~/components/States";
import { money, renewal, score, sentence, words } from "~/lib/format";
import { paths } from "~/lib/paths";
import { TaskDialog } from "./TaskDialog";
import classes from "./Today.module.css";

interface TodayListProps {
  items: readonly TodayItem[];
  accounts: number;
}

export function TodayList({ items, accounts }: TodayListProps) {
  const commands = useAlertCommands();
  const me = useQuery(meQuery(useApi()));
  const readOnly = me.data?.role === "viewer";
  const [planned, setPlanned] = useState<TodayItem>();
  if (accounts === 0) {
    return (
      <EmptyState title="No accounts yet" action={<Button component={Link} to={paths.imports}>Import a CSV file</Button>}>
        Load your accounts from a CSV file, or connect a source: the first scores come within minutes.
      </EmptyState>
    );
  }
  if (items.length === 0) {
    return (
      <EmptyState title="Nothing urgent" icon={<IconMoodSmile size={28} stroke={1.4} color="var(--healthy)" aria-hidden />}>
        No open alert asks for you. The list on this page's side shows what would make the scores surer.
      </EmptyState>
    );
  }
  return (
    <>
      <ol className={classes.list}>
        {items.map((item) => {
          const { alert, account, reason, action } = item;
          const open = alert.status === "open";
          return (
            <li key={alert.id} className={classes.item} data-done={!open}>
              <AccountMark name={account.name} size={30} />
              <Group gap="xs">
                <Link className={classes.name} to={paths.account(account.id)}>{account.name}</Link>
                <SeverityBadge severity={alert.severity} size="sm" />
                {!open && <Tag>{words(alert.status)}</Tag>}
              </Group>
              <Text size="sm" className={classes.reason}>
                <Link className="plain" to={paths.alert(alert.id)}>{sentence(reason)}</Link>
              </Text>
              <div className={classes.facts}>
                <BandBadge band={account.band} size="sm" />
                <span className="num">Score {score(account.score)}</span>
                <span className="num">{money(account.arr)} ARR</span>
                <span className="num">{renewal(account.days_to_renewal)}</span>
                {action !== "" && <span>Next: {action}</span>}
              </div>
              <div className={classes.buttons}>
                <Button
                  variant="default" size="compact-xs" disabled={!open || readOnly}
                  leftSection={<IconCheck size={13} aria-hidden />} onClick={() => commands.acknowledge(alert)}
                  aria-label={`Acknowledge: ${account.name}`}
                >
                  Acknowledge
                </Button>
                <SnoozeMenu compact disabled={!open || readOnly} onSnooze={(until) => commands.snooze(alert, until)} />
                <Button
                  variant="default" size="compact-xs" disabled={readOnly} leftSection={<IconListCheck size={13} aria-hidden />}
                  onClick={() => setPlanned(item)} aria-label={`Task: ${account.name}`}
                >
                  Task
                </Button>
              </div>
            </li>
          );
        })}
      </ol>
      <TaskDialog item={planned} onClose={() => setPlanned(undefined)} />
    </>
  );
}
