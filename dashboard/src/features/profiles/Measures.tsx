import { Button, NativeSelect, NumberInput, Text } from "@mantine/core";
import { useState } from "react";
import type { MeasureChoice, ProfileCatalogue } from "~/api/types";
import { ScrollRegion } from "~/components/ScrollRegion";
import { decimal } from "~/lib/format";
import { changedMeasure, shares } from "./profileSet";
import { groupLabel } from "~/lib/vocabulary";
import classes from "./Profiles.module.css";

interface MeasuresProps {
  measures: readonly MeasureChoice[];
  catalogue: ProfileCatalogue["measures"];
  readOnly: boolean;
  onChange: (measures: MeasureChoice[]) => void;
}

/** The measures of a profile: weights are free, what counts is their share of 100. */
export function Measures({ measures, catalogue, readOnly, onChange }: MeasuresProps) {
  const [adding, setAdding] = useState("");
  const share = shares(measures.map(({ weight }) => weight));
  const left = catalogue.filter(({ id }) => measures.every((measure) => measure.id !== id));
  const change = (index: number, field: "weight" | "green" | "red", value: number | string) => {
    const given = value === "" ? undefined : Number(value);
    onChange(measures.map((measure, at) => (at === index ? changedMeasure(measure, field, given) : measure)));
  };
  return (
    <>
      <ScrollRegion label="Measures of the profile">
        <table className="data">
          <thead>
            <tr>
              <th scope="col">Measure</th><th scope="col" className="num">Weight</th><th scope="col" style={{ width: "18%" }}>Of 100</th>
              <th scope="col" className="num">Green</th><th scope="col" className="num">Red</th>{!readOnly && <th scope="col">Do</th>}
            </tr>
          </thead>
          <tbody>
            {measures.map((measure, index) => {
              const info = catalogue.find(({ id }) => id === measure.id);
              const name = info?.name ?? measure.id;
              const cut = (field: "green" | "red", own: number | undefined) => (
                <td className="num">
                  <NumberInput
                    className={classes.number ?? ""} size="xs" hideControls disabled={readOnly} aria-label={`${field === "green" ? "Green" : "Red"} cut of ${name}`}
                    value={measure[field] ?? ""} placeholder={own === undefined ? "" : String(own)} onChange={(value) => change(index, field, value)}
                  />
                </td>
              );
              return (
                <tr key={measure.id}>
                  <td>
                    <Text size="sm" fw={500}>{name} <span className="muted mono">{measure.id}</span></Text>
                    <Text size="xs" c="dimmed">{groupLabel[info?.group ?? ""] ?? ""}{info === undefined ? "" : ` · ${info.unit}`}</Text>
                  </td>
                  <td className="num">
                    <NumberInput
                      className={classes.number ?? ""} size="xs" min={0} max={1000} allowDecimal={false} clampBehavior="strict" disabled={readOnly}
                      aria-label={`Weight of ${name}`} value={measure.weight} onChange={(value) => change(index, "weight", value)}
                    />
                  </td>
                  <td><span className="num">{decimal(share[index])} %</span><span className={classes.share} style={{ width: `${share[index] ?? 0}%` }} aria-hidden /></td>
                  {cut("green", info?.green)}{cut("red", info?.red)}
                  {!readOnly && (
                    <td>
                      <Button size="compact-xs" variant="default" disabled={measures.length === 1} aria-label={`Take out ${name}`} onClick={() => onChange(measures.filter((_, at) => at !== index))}>
                        Take out
                      </Button>
                    </td>
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      </ScrollRegion>
      {!readOnly && left.length > 0 && (
        <div className={classes.foot}>
          <NativeSelect
            aria-label="Measure to add" value={adding} onChange={(event) => setAdding(event.currentTarget.value)}
            data={[{ value: "", label: "Another measure" }, ...left.map(({ id, name }) => ({ value: id, label: `${id} ${name}` }))]}
          />
          <Button variant="default" disabled={adding === ""} onClick={() => { onChange([...measures, { id: adding, weight: 5 }]); setAdding(""); }}>Add</Button>
        </div>
      )}
    </>
  );
}
