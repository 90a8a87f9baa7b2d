import { Button, Group, NativeSelect, NumberInput, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import type { CapDoc, ProfileCatalogue } from "~/api/types";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { EmptyState } from "~/components/States";
import { oneOf } from "~/lib/decode";
import { limitsOf, type Operator } from "./profileSet";
import classes from "./Profiles.module.css";

interface CapsProps {
  caps: readonly CapDoc[];
  features: ProfileCatalogue["features"];
  readOnly: boolean;
  onChange: (caps: CapDoc[]) => void;
}

/** Caps for every profile: when all conditions of one hold, the score is at most its limit. */
export function Caps({ caps, features, readOnly, onChange }: CapsProps) {
  const change = (index: number, cap: CapDoc) => onChange(caps.map((old, at) => (at === index ? cap : old)));
  return (
    <Panel flush title="Caps" hint="For every profile; the cap is named in the reasons of a score">
      {caps.length === 0 ? <EmptyState title="No caps">Nothing forces a score down but its measures.</EmptyState> : (
        <ScrollRegion label="Table of caps">
          <table className="data">
            <thead>
              <tr><th scope="col">Cap</th><th scope="col">When</th><th scope="col" className="num">At most</th>{!readOnly && <th scope="col">Do</th>}</tr>
            </thead>
            <tbody>
              {caps.map((cap, index) => (
                <tr key={cap.id}>
                  <td><Text size="sm" fw={500}>{cap.reason} <span className="muted mono">{cap.id}</span></Text></td>
                  <td>
                    {cap.all.map((condition, number) => limitsOf(condition).map(({ operator, sign, value }) => (
                      <Group key={`${condition.feature}-${operator}`} gap={6} wrap="nowrap">
                        <code className="mono">{condition.feature} {sign}</code>
                        <NumberInput
                          className={classes.number ?? ""} size="xs" hideControls disabled={readOnly} value={value}
                          aria-label={`${condition.feature} ${sign}, of the cap ${cap.id}`}
                          onChange={(given) => {
                            if (given === "") return;
                            change(index, { ...cap, all: cap.all.map((old, place) => (place === number ? { ...old, [operator]: Number(given) } : old)) });
                          }}
                        />
                      </Group>
                    )))}
                  </td>
                  <td className="num">
                    <NumberInput
                      className={classes.number ?? ""} size="xs" min={0} max={100} decimalScale={1} clampBehavior="strict" disabled={readOnly}
                      aria-label={`Limit of the cap ${cap.id}`} value={cap.limit} onChange={(value) => { if (value !== "") change(index, { ...cap, limit: Number(value) }); }}
                    />
                  </td>
                  {!readOnly && (
                    <td><Button size="compact-xs" variant="default" aria-label={`Take out the cap ${cap.id}`} onClick={() => onChange(caps.filter((_, at) => at !== index))}>Take out</Button></td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      {!readOnly && <AddCap features={features} taken={caps.map(({ id }) => id)} onAdd={(cap) => onChange([...caps, cap])} />}
    </Panel>
  );
}

const SIGNS = ["gte", "gt", "lte"] as const;

function AddCap({ features, taken, onAdd }: { features: CapsProps["features"]; taken: readonly string[]; onAdd: (cap: CapDoc) => void }) {
  const [feature, setFeature] = useState("");
  const [sign, setSign] = useState<Operator>("gte");
  const [value, setValue] = useState<number | string>("");
  const [limit, setLimit] = useState<number | string>(49);
  const [reason, setReason] = useState("");
  const fits = feature !== "" && value !== "" && limit !== "" && reason.trim() !== "";
  const add = () => {
    let id = feature.replaceAll(/[^a-z0-9_-]/g, "_").slice(0, 50);
    while (taken.includes(id)) id = `${id}_2`;
    onAdd({ id, limit: Number(limit), all: [{ feature, [sign]: Number(value) }], reason: reason.trim() });
    setFeature("");
    setReason("");
  };
  return (
    <form className={classes.foot} onSubmit={(event) => { event.preventDefault(); if (fits) add(); }}>
      <NativeSelect
        label="Feature" value={feature} onChange={(event) => setFeature(event.currentTarget.value)}
        data={[{ value: "", label: "Choose one" }, ...features.map(({ name }) => ({ value: name, label: name }))]}
      />
      <NativeSelect
        label="Is" value={sign} onChange={(event) => setSign(oneOf(SIGNS, event.currentTarget.value) ?? "gte")}
        data={[{ value: "gte", label: "at least" }, { value: "gt", label: "more than" }, { value: "lte", label: "at most" }]}
      />
      <NumberInput label="Value" className={classes.number ?? ""} hideControls value={value} onChange={setValue} />
      <NumberInput label="Score at most" className={classes.number ?? ""} min={0} max={100} decimalScale={1} value={limit} onChange={setLimit} />
      <TextInput label="Reason" maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      <Button type="submit" variant="default" disabled={!fits} style={{ alignSelf: "flex-end" }}>Add a cap</Button>
    </form>
  );
}
