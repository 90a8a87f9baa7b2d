import { Button, Menu } from "@mantine/core";
import { IconClockPause } from "@tabler/icons-react";
import { useNow } from "~/components/clock";
import { snoozeChoices, snoozeUntil } from "~/lib/snooze";

interface SnoozeMenuProps {
  disabled?: boolean;
  compact?: boolean;
  opened?: boolean;
  onChange?: (opened: boolean) => void;
  onSnooze: (until: string) => void;
}

export function SnoozeMenu({ disabled = false, compact = false, opened, onChange, onSnooze }: SnoozeMenuProps) {
  const now = useNow();
  return (
    <Menu {...(opened === undefined ? {} : { opened })} {...(onChange === undefined ? {} : { onChange })} position="bottom-end">
      <Menu.Target>
        <Button
          variant="default" disabled={disabled} leftSection={<IconClockPause size={14} aria-hidden />}
          {...(compact ? { size: "compact-xs" } : {})}
        >
          Snooze
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {snoozeChoices.map(({ days, label }) => (
          <Menu.Item key={days} onClick={() => onSnooze(snoozeUntil(now, days))}>{label}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
