import { Text } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";
import { Link } from "react-router";
import type { HygieneItem } from "~/api/types";
import { EmptyState } from "~/components/States";
import { words } from "~/lib/format";
import { paths } from "~/lib/paths";
import classes from "./Today.module.css";

export function Hygiene({ items, accounts }: { items: readonly HygieneItem[]; accounts: number }) {
  if (accounts === 0) return <EmptyState title="Nothing to check yet">Gaps in the accounts will be listed here.</EmptyState>;
  if (items.length === 0) {
    return (
      <EmptyState title="All tidy" icon={<IconSparkles size={26} stroke={1.4} color="var(--healthy)" aria-hidden />}>
        Every account has an owner, a renewal date and a fresh pulse.
      </EmptyState>
    );
  }
  return (
    <ul className={classes.list}>
      {items.map((item) => (
        <li key={`${item.account}-${item.issue}`}>
          <Link className={classes.hygiene} to={paths.account(item.account)}>
            <Text size="sm" fw={500} className="clip">{item.name}</Text>
            <Text size="xs" c="dimmed">{words(item.issue)}</Text>
          </Link>
        </li>
      ))}
    </ul>
  );
}
