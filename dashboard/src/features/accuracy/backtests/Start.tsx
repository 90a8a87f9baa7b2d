import { Button, NativeSelect, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "~/api/client";
import { modelsQuery, profileDraftQuery, profileVersionsQuery } from "~/api/queries";
import type { BacktestSubject } from "~/api/types";
import { useStartBacktest } from "~/components/useStartBacktest";
import classes from "./Backtests.module.css";
import { subjectName } from "./words";

/** What to hold against history, and how far back. */
export function Start() {
  const subjects = useSubjects();
  const start = useStartBacktest();
  const [at, setAt] = useState(0);
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const fits = from === "" || to === "" || from <= to;
  const subject = subjects[at] ?? subjects[0];
  return (
    <form
      className={classes.start}
      onSubmit={(event) => {
        event.preventDefault();
        if (fits && subject !== undefined) start.mutate({ subject, from: from === "" ? null : from, to: to === "" ? null : to });
      }}
    >
      <NativeSelect
        label="What is tested" value={String(at)} onChange={(event) => setAt(Number(event.currentTarget.value))}
        data={subjects.map((one, index) => ({ value: String(index), label: subjectName(one) }))}
      />
      <TextInput label="From" type="date" value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
      <TextInput
        label="To" type="date" value={to} onChange={(event) => setTo(event.currentTarget.value)}
        {...(fits ? {} : { error: "Not before “From”" })}
      />
      <Button type="submit" disabled={!fits} loading={start.isPending}>Start</Button>
      <Text size="xs" c="dimmed" className={classes.note}>
        Without days: the last 24 months whose 90 days have passed. Accounts are looked at as they were known then; nothing is scored anew and nobody is told.
      </Text>
    </form>
  );
}

/** Everything that may be tested: the draft where there is one, versions of the profiles, rules, models. */
function useSubjects(): readonly BacktestSubject[] {
  const api = useApi();
  const draft = useQuery(profileDraftQuery(api));
  const versions = useQuery(profileVersionsQuery(api));
  const models = useQuery(modelsQuery(api));
  const live = draft.data?.live;
  const older = (versions.data?.data ?? []).map(({ version }) => version).filter((version) => version !== live && version !== 1);
  return [
    ...(draft.data?.saved === true ? [{ what: "draft" } as const] : []),
    { what: "published" },
    ...older.map((version) => ({ what: "version", version }) as const),
    ...(live === 1 ? [] : [{ what: "version", version: 1 } as const]),
    { what: "rules", with_muted: false },
    { what: "rules", with_muted: true },
    { what: "model", kind: "churn", version: "baseline" },
    ...(models.data?.data ?? []).flatMap(({ kind, versions: own }) => own.map(({ version }) => ({ what: "model", kind, version }) as const)),
  ];
}
