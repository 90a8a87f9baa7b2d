import { Button, Chip, Group, NativeSelect, SegmentedControl } from "@mantine/core";
import type { Rule } from "~/api/types";
import { oneOf } from "~/lib/decode";
import { words } from "~/lib/format";
import { ALERT_STATUSES, SEVERITIES } from "~/lib/vocabulary";
import type { InboxView } from "./view";

interface AlertFiltersProps {
  view: InboxView;
  rules: readonly Rule[];
  onChange: (change: Partial<InboxView>) => void;
  onClear: () => void;
}

export function AlertFilters({ view, rules, onChange, onClear }: AlertFiltersProps) {
  const filtered = view.severities.length > 0 || view.rule !== undefined || view.account !== undefined;
  return (
    <Group gap="xs" mb="sm" role="search" aria-label="Filter alerts">
      <SegmentedControl
        size="xs" aria-label="Whose alerts" value={view.scope}
        onChange={(value) => onChange({ scope: oneOf(["mine", "all"] as const, value) ?? "all" })}
        data={[{ value: "mine", label: "Mine" }, { value: "all", label: "Everyone's" }]}
      />
      <NativeSelect
        size="xs" aria-label="Status" value={view.status}
        onChange={(event) => onChange({ status: oneOf(ALERT_STATUSES, event.currentTarget.value) ?? "open" })}
        data={ALERT_STATUSES.map((value) => ({ value, label: value === "all" ? "Any status" : words(value) }))}
      />
      <NativeSelect
        size="xs" aria-label="Rule" value={view.rule ?? ""} maw={240}
        onChange={(event) => onChange({ rule: event.currentTarget.value || undefined })}
        data={[
          { value: "", label: "Any rule" },
          ...rules.map(({ id, name }) => ({ value: id, label: `${id} ${name}` })),
          ...(view.rule !== undefined && !rules.some(({ id }) => id === view.rule) ? [{ value: view.rule, label: view.rule }] : []),
        ]}
      />
      <NativeSelect
        size="xs" aria-label="Order" value={view.newest ? "newest" : "priority"}
        onChange={(event) => onChange({ newest: event.currentTarget.value === "newest" })}
        data={[{ value: "priority", label: "By priority" }, { value: "newest", label: "Newest first" }]}
      />
      <Chip.Group
        multiple value={[...view.severities]}
        onChange={(values) => onChange({ severities: SEVERITIES.filter((severity) => values.includes(severity)) })}
      >
        <Group gap={6} role="group" aria-label="Severity">
          {SEVERITIES.map((severity) => <Chip key={severity} value={severity} size="xs" variant="outline">{words(severity)}</Chip>)}
        </Group>
      </Chip.Group>
      {filtered && <Button variant="subtle" color="gray" onClick={onClear}>Clear filters</Button>}
    </Group>
  );
}
