import { Group, Text, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";
import classes from "./Panel.module.css";

interface PanelProps {
  title?: string;
  hint?: ReactNode;
  aside?: ReactNode;
  flush?: boolean;
  children: ReactNode;
}

/** A titled surface; `flush` leaves out the padding, for tables and lists. */
export function Panel({ title, hint, aside, flush = false, children }: PanelProps) {
  const id = useId();
  return (
    <section className={classes.panel} {...(title === undefined ? {} : { "aria-labelledby": id })}>
      {title !== undefined && (
        <Group className={classes.head} justify="space-between" gap="xs">
          <div>
            <Title order={2} id={id} fz="md">{title}</Title>
            {hint !== undefined && <Text size="xs" c="dimmed" component="div">{hint}</Text>}
          </div>
          {aside}
        </Group>
      )}
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </section>
  );
}

export function PageHead({ title, hint, children }: { title: string; hint?: ReactNode; children?: ReactNode }) {
  return (
    <Group justify="space-between" align="flex-end" mb="md" gap="sm">
      <div>
        <Title order={1}>{title}</Title>
        {hint !== undefined && <Text size="sm" c="dimmed" component="div">{hint}</Text>}
      </div>
      <Group gap="xs">{children}</Group>
    </Group>
  );
}
