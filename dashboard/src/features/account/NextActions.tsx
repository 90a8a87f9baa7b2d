import { Text } from "@mantine/core";
import { Link } from "react-router";
import type { NextAction } from "~/api/types";
import { Panel } from "~/components/Panel";
import { PlaybookTag } from "~/components/PlaybookTag";
import { paths } from "~/lib/paths";
import classes from "./Account.module.css";

export function NextActions({ actions }: { actions: readonly NextAction[] }) {
  if (actions.length === 0) return null;
  return (
    <Panel flush title="Do next">
      <ol className={classes.plain}>
        {actions.map((action) => (
          <li key={`${action.title}-${action.alert}`}>
            <Text size="sm" fw={500}>{action.title}</Text>
            <Text size="xs" c="dimmed">{action.reason}</Text>
            {action.playbook !== null && <PlaybookTag id={action.playbook} />}
            {action.alert !== null && <Text size="xs" component={Link} to={paths.alert(action.alert)} c="var(--mantine-color-anchor)">See the alert</Text>}
          </li>
        ))}
      </ol>
    </Panel>
  );
}
