import { Button, Group, NativeSelect, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import { describe } from "~/api/errors";
import { importPreviewQuery } from "~/api/queries";
import type { Import, ImportPreview } from "~/api/types";
import { Panel } from "~/components/Panel";
import { Tag } from "~/components/SeverityBadge";
import { ProblemState, Rows } from "~/components/States";
import { ScrollRegion } from "~/components/ScrollRegion";
import { integer, words } from "~/lib/format";
import { chosenBefore, type Mapping, problemsOf, suggested } from "~/lib/mapping";
import classes from "./Import.module.css";

interface MapStepProps {
  found: Import;
  onStarted: () => void;
}

export function MapStep({ found, onStarted }: MapStepProps) {
  const preview = useQuery(importPreviewQuery(useApi(), found.id));
  if (preview.isError) return <Panel><ProblemState error={preview.error} onRetry={() => void preview.refetch()} /></Panel>;
  if (preview.data === undefined) return <Panel flush title="Map the columns"><Rows count={8} height={26} /></Panel>;
  return <MappingForm found={found} preview={preview.data} onStarted={onStarted} />;
}

const FIRST = 200;
const delimiters: Record<string, string> = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars" };

function MappingForm({ found, preview, onStarted }: MapStepProps & { preview: ImportPreview }) {
  const api = useApi();
  const cache = useQueryClient();
  const [mapping, setMapping] = useState<Mapping>(() => ({ ...suggested(preview.columns), ...chosenBefore(found.mapping) }));
  const [all, setAll] = useState(false);
  const problems = problemsOf(mapping, preview.fields);
  const ready = problems.missing.length === 0 && problems.doubled.length === 0;
  const start = useMutation({
    mutationFn: () => unwrap(api.POST("/v1/imports/{id}/start", {
      params: { path: { id: found.id }, header: idempotencyKey() }, body: { mapping, dry_run: true },
    })),
    onSuccess: (started) => {
      cache.setQueryData(["import", found.id], started);
      onStarted();
    },
  });
  const problem = start.error === null ? undefined : describe(start.error);
  const shown = all ? preview.columns : preview.columns.slice(0, FIRST);
  const used = Object.values(mapping).filter((field) => field !== null).length;

  return (
    <div style={{ display: "grid", gap: 16 }}>
      <Panel
        flush title="Map the columns"
        hint={`${integer(preview.columns.length)} columns, separated by ${delimiters[preview.delimiter] ?? preview.delimiter}, ${preview.encoding}. ${integer(used)} are used.`}
        aside={<Button disabled={!ready} loading={start.isPending} onClick={() => start.mutate()}>Check the file</Button>}
      >
        {(!ready || problem !== undefined) && (
          <div role="alert" style={{ padding: "10px 16px", borderBottom: "1px solid var(--line)" }}>
            {problems.missing.length > 0 && <Text size="sm" c="var(--at_risk)">Still needed: {problems.missing.map((name) => words(name)).join(", ")}</Text>}
            {problems.doubled.length > 0 && <Text size="sm" c="var(--at_risk)">Chosen twice: {problems.doubled.map((name) => words(name)).join(", ")}</Text>}
            {problem !== undefined && <Text size="sm" c="var(--mantine-color-error)">{problem.title}: {problem.detail}</Text>}
          </div>
        )}
        <div className="scroll-x">
          <table className="data">
            <thead><tr><th scope="col">Column in the file</th><th scope="col">Examples</th><th scope="col">Field</th></tr></thead>
            <tbody>
              {shown.map((column) => {
                const chosen = mapping[column.name] ?? "";
                const field = preview.fields.find(({ name }) => name === chosen);
                return (
                  <tr key={column.name}>
                    <td><Text size="sm" fw={500}>{column.name}</Text>{column.suggested_field !== null && chosen === column.suggested_field && <Tag>suggested</Tag>}</td>
                    <td><div className={classes.samples}>{column.samples.slice(0, 3).join(" · ") || "empty"}</div></td>
                    <td style={{ width: 300 }}>
                      <NativeSelect
                        size="xs" aria-label={`Field for ${column.name}`} value={chosen}
                        onChange={(event) => setMapping({ ...mapping, [column.name]: event.currentTarget.value || null })}
                        data={[{ value: "", label: "Leave out" }, ...preview.fields.map(({ name, required }) => ({ value: name, label: `${words(name)}${required ? " (needed)" : ""}` }))]}
                      />
                      {field !== undefined && field.help !== "" && <Text size="xs" c="dimmed" mt={3}>{field.help}</Text>}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
        {!all && preview.columns.length > FIRST && (
          <Group justify="center" p="sm"><Button variant="subtle" onClick={() => setAll(true)}>Show all {integer(preview.columns.length)} columns</Button></Group>
        )}
      </Panel>
      <Panel flush title="The first rows">
        <ScrollRegion label="The first rows of the file" className={classes.grid}>
          <table className="data">
            <thead><tr>{shown.map(({ name }) => <th key={name} scope="col">{name}</th>)}</tr></thead>
            <tbody>
              {preview.first_rows.map((row, index) => (
                <tr key={index}>{row.slice(0, shown.length).map((cell, place) => <td key={shown[place]?.name ?? place}>{cell}</td>)}</tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      </Panel>
    </div>
  );
}
