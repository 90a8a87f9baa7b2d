import { Button, Group, Text } from "@mantine/core";
import { IconCheck, IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "~/api/client";
import { meQuery } from "~/api/queries";
import type { Alert } from "~/api/types";
import { SnoozeMenu } from "~/components/alerts/SnoozeMenu";
import { useAlertCommands } from "~/components/alerts/useAlertCommands";
import { When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { SeverityBadge, Tag } from "~/components/SeverityBadge";
import { EmptyState } from "~/components/States";
import { words } from "~/lib/format";
import { paths } from "~/lib/paths";
import classes from "./Account.module.css";

export function OpenAlerts({ id, alerts }: { id: string; alerts: readonly Alert[] }) {
  const commands = useAlertCommands();
  const me = useQuery(meQuery(useApi()));
  const readOnly = me.data?.role === "viewer";
  return (
    <Panel flush title="Open alerts" aside={<Text size="xs" component={Link} to={paths.accountAlerts(id)} c="var(--mantine-color-anchor)">All of this account</Text>}>
      {alerts.length === 0 ? (
        <EmptyState title="None open" icon={<IconCircleCheck size={26} stroke={1.4} color="var(--healthy)" aria-hidden />}>
          No rule's conditions hold for this account now.
        </EmptyState>
      ) : (
        <ul className={classes.plain}>
          {alerts.map((alert) => (
            <li key={alert.id}>
              <Group gap={6} mb={4}>
                <SeverityBadge severity={alert.severity} size="sm" />
                {alert.status !== "open" && <Tag>{words(alert.status)}</Tag>}
                <Text size="xs" c="dimmed"><When at={alert.opened_at} /></Text>
              </Group>
              <Text size="sm" fw={500}><Link className="plain" to={paths.alert(alert.id)}>{alert.title}</Link></Text>
              {alert.status === "open" && (
                <Group gap={6} mt={6}>
                  <Button
                    size="compact-xs" variant="default" disabled={readOnly} leftSection={<IconCheck size={13} aria-hidden />}
                    onClick={() => commands.acknowledge(alert)} aria-label={`Acknowledge: ${alert.title}`}
                  >
                    Acknowledge
                  </Button>
                  <SnoozeMenu compact disabled={readOnly} onSnooze={(until) => commands.snooze(alert, until)} />
                </Group>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
