import { Button, FileButton, Group, NativeSelect, Progress, Stack, Text, TextInput } from "@mantine/core";
import { IconFileTypeCsv } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import { describe } from "~/api/errors";
import { meQuery } from "~/api/queries";
import { oneOf, texts } from "~/lib/decode";
import { bytes, percent, words } from "~/lib/format";
import { paths } from "~/lib/paths";
import { putFile } from "~/lib/upload";
import { IMPORT_KINDS } from "~/lib/vocabulary";
import classes from "./Import.module.css";

const help: Record<(typeof IMPORT_KINDS)[number], string> = {
  accounts: "One row an account: id, name, owner, ARR, renewal date",
  contacts: "People at the accounts",
  subscriptions: "Plans with their MRR and dates",
  invoices: "Issued, paid, failed and overdue",
  tickets: "Support cases with their times and ratings",
  activities: "Calls, meetings, e-mails, notes",
  surveys: "NPS, CSAT and CES answers",
  outcomes: "What became of an account: churned, renewed, contracted, expanded",
  events: "Product usage, one row an event",
};

export function UploadStep() {
  const api = useApi();
  const navigate = useNavigate();
  const cache = useQueryClient();
  const me = useQuery(meQuery(api));
  const [kind, setKind] = useState<(typeof IMPORT_KINDS)[number]>("accounts");
  const [source, setSource] = useState("");
  const [file, setFile] = useState<File | null>(null);
  const [share, setShare] = useState(0);
  const [over, setOver] = useState(false);
  const readOnly = me.data?.role === "viewer";
  const upload = useMutation({
    mutationFn: async (chosen: File) => {
      setShare(0);
      const created = await unwrap(api.POST("/v1/imports", {
        params: { header: idempotencyKey() },
        body: { kind, filename: chosen.name, size_bytes: chosen.size, ...(source.trim() === "" ? {} : { source: source.trim() }) },
      }));
      await putFile(created.upload_url, texts(created.upload_headers), chosen, setShare);
      return created.id;
    },
    onSuccess: (id) => {
      void cache.invalidateQueries({ queryKey: ["imports"] });
      void navigate(paths.import(id));
    },
  });
  const problem = upload.error === null ? undefined : describe(upload.error);

  return (
    <form onSubmit={(event) => { event.preventDefault(); if (file !== null) upload.mutate(file); }}>
      <Stack gap="md">
        <Group grow align="flex-start">
          <NativeSelect
            label="What does it hold?" description={help[kind]} value={kind} data={IMPORT_KINDS.map((value) => ({ value, label: words(value) }))}
            onChange={(event) => setKind(oneOf(IMPORT_KINDS, event.currentTarget.value) ?? "accounts")} inputWrapperOrder={["label", "input", "description"]}
          />
          <TextInput
            label="Source" description="Ids are unique per source; files and API calls share “api” unless you name another" placeholder="api" value={source} maxLength={40}
            onChange={(event) => setSource(event.currentTarget.value)} inputWrapperOrder={["label", "input", "description"]}
          />
        </Group>
        <div
          className={classes.drop} data-over={over}
          onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)}
          onDrop={(event) => { event.preventDefault(); setOver(false); setFile(event.dataTransfer.files[0] ?? null); }}
        >
          <IconFileTypeCsv size={30} stroke={1.3} color="var(--muted)" aria-hidden />
          {file === null ? <Text size="sm">Drop a CSV file here, or</Text> : <Text size="sm" fw={600}>{file.name} <span className="muted num">{bytes(file.size)}</span></Text>}
          <FileButton accept=".csv,text/csv,text/plain" onChange={setFile} inputProps={{ "aria-label": "CSV file" }}>
            {(props) => <Button {...props} variant="default" disabled={readOnly}>{file === null ? "Choose a file" : "Choose another"}</Button>}
          </FileButton>
          <Text size="xs" c="dimmed">Commas, semicolons or tabs; UTF-8; a header line; up to 1 GB</Text>
        </div>
        {upload.isPending && (
          <div role="status">
            <Progress value={share * 100} aria-label="Upload" />
            <Text size="xs" c="dimmed" mt={4} className="num">Uploading, {percent(share)}</Text>
          </div>
        )}
        {problem !== undefined && <Text role="alert" size="sm" c="var(--mantine-color-error)">{problem.title}: {problem.detail}</Text>}
        <Group justify="space-between">
          <Text size="xs" c="dimmed">{readOnly ? "Your role reads only." : file === null ? "Choose a file to go on." : ""}</Text>
          <Button type="submit" disabled={file === null || readOnly} loading={upload.isPending}>Upload and map</Button>
        </Group>
      </Stack>
    </form>
  );
}
