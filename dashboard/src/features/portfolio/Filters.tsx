import { Button, CloseButton, Menu, NativeSelect, ScrollArea, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconColumns3, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { words } from "~/lib/format";
import { COLUMNS, filtersIn, type PortfolioView } from "~/lib/urlState";
import { oneOf } from "~/lib/decode";
import { bandLabel, BANDS, STAGES, TOUCHES } from "~/lib/vocabulary";
import { columns } from "./columns";
import classes from "./Portfolio.module.css";

interface FiltersProps {
  view: PortfolioView;
  owners: readonly string[];
  onChange: (change: Partial<PortfolioView>) => void;
  onClear: () => void;
}

const option = (value: string) => ({ value, label: words(value) });

export function Filters({ view, owners, onChange, onClear }: FiltersProps) {
  // What is typed stands until the field is left; the address follows a moment later.
  const [typed, setTyped] = useState<string>();
  const name = typed ?? view.name ?? "";
  const search = useDebouncedCallback((value: string) => onChange({ name: value.trim() || undefined }), 250);
  const ownerChoices = [...new Set([...owners, ...(view.owner === undefined || view.owner === "me" ? [] : [view.owner])])];
  return (
    <div className={classes.filters} role="search" aria-label="Filter accounts">
      <TextInput
        size="xs" w={190} value={name} placeholder="Name begins with" aria-label="Name begins with"
        leftSection={<IconSearch size={14} aria-hidden />}
        rightSection={name === "" ? null : <CloseButton size="xs" aria-label="Clear name" onClick={() => { setTyped(undefined); onChange({ name: undefined }); }} />}
        onBlur={() => setTyped(undefined)}
        onChange={(event) => { setTyped(event.currentTarget.value); search(event.currentTarget.value); }}
      />
      <NativeSelect
        size="xs" aria-label="Band" value={view.band ?? ""}
        onChange={(event) => onChange({ band: oneOf(BANDS, event.currentTarget.value) })}
        data={[{ value: "", label: "Any band" }, ...BANDS.map((value) => ({ value, label: bandLabel[value] }))]}
      />
      <NativeSelect
        size="xs" aria-label="Owner" value={view.owner ?? ""}
        onChange={(event) => onChange({ owner: event.currentTarget.value || undefined })}
        data={[{ value: "", label: "Any owner" }, { value: "me", label: "My accounts" }, ...ownerChoices.map((value) => ({ value, label: value }))]}
      />
      <NativeSelect
        size="xs" aria-label="Stage" value={view.stage ?? ""}
        onChange={(event) => onChange({ stage: event.currentTarget.value || undefined })}
        data={[{ value: "", label: "Any stage" }, ...STAGES.map(option)]}
      />
      <NativeSelect
        size="xs" aria-label="Touch" value={view.touch ?? ""}
        onChange={(event) => onChange({ touch: event.currentTarget.value || undefined })}
        data={[{ value: "", label: "Any touch" }, ...TOUCHES.map(option)]}
      />
      {filtersIn(view) > 0 && <Button variant="subtle" color="gray" onClick={onClear}>Clear filters</Button>}
      <span style={{ flex: 1 }} />
      <Menu closeOnItemClick={false} position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<IconColumns3 size={14} aria-hidden />}>Columns</Button>
        </Menu.Target>
        <Menu.Dropdown>
          <ScrollArea.Autosize mah={360}>
            {columns.map(({ id, label }) => (
              <Menu.CheckboxItem
                key={id} checked={view.columns.includes(id)}
                onChange={() => onChange({
                  columns: COLUMNS.filter((column) => (column === id) !== view.columns.includes(column)),
                })}
              >
                {label}
              </Menu.CheckboxItem>
            ))}
          </ScrollArea.Autosize>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}
