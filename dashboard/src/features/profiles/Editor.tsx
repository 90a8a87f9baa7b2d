import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import type { ProfileCatalogue, ProfileDraft, ProfileSet } from "~/api/types";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { Tag } from "~/components/SeverityBadge";
import { ProblemState } from "~/components/States";
import { useStartBacktest } from "~/components/useStartBacktest";
import { oneOf } from "~/lib/decode";
import { person } from "~/lib/format";
import { keyOf, measuresAt, placeOf, places, withMeasures } from "./profileSet";
import { Caps } from "./Caps";
import { Changes } from "./Changes";
import { Measures } from "./Measures";
import { Preview } from "./Preview";
import classes from "./Profiles.module.css";

const MODES = ["average", "arr_weighted", "worst"] as const;
const ROLLUPS = [{ value: "average", label: "their mean" }, { value: "arr_weighted", label: "their mean by ARR" }, { value: "worst", label: "the lowest" }];

interface EditorProps {
  draft: ProfileDraft;
  catalogue: ProfileCatalogue;
  readOnly: boolean;
}

/** The draft as a form. Whoever leaves without saving loses what was typed; scores never move before publishing. */
export function Editor({ draft, catalogue, readOnly }: EditorProps) {
  const api = useApi();
  const cache = useQueryClient();
  const [set, setSet] = useState<ProfileSet>(draft.set);
  const [at, setAt] = useState(keyOf({ list: "profiles", index: 0 }));
  const [publishing, setPublishing] = useState(false);
  const place = placeOf(at);
  const dirty = JSON.stringify(set) !== JSON.stringify(draft.set);
  const test = useStartBacktest();
  const renew = () => void cache.invalidateQueries({ queryKey: ["profiles"] });
  const header = { "If-Match": draft.etag };
  const save = useMutation({
    mutationFn: () => unwrap(api.PUT("/v1/profiles/draft", { params: { header }, body: set })),
    onSuccess: (saved) => {
      cache.setQueryData(["profiles", "draft"], saved);
      notifications.show({ message: "Draft saved; scores have not moved", autoClose: 3000 });
    },
  });
  const discard = useMutation({
    mutationFn: async () => {
      const { error, response } = await api.DELETE("/v1/profiles/draft", { params: { header } });
      if (!response.ok) await unwrap(Promise.resolve({ error, response }));
    },
    onSuccess: renew,
    onError: (error) => reportFailure(error, "Not thrown away"),
  });
  const addScorecard = () => {
    const cards = set.scorecards ?? [];
    const first = catalogue.measures[0];
    if (first === undefined) return;
    setSet({ ...set, scorecards: [...cards, { id: freeId(cards.map(({ id }) => id)), name: `Scorecard ${cards.length + 1}`, measures: [{ id: first.id, weight: 1 }] }] });
    setAt(keyOf({ list: "scorecards", index: cards.length }));
  };
  return (
    <>
      <Panel
        flush title="Draft"
        hint={draft.saved ? <>Made from version {draft.base} by {person(draft.saved_by)}, <When at={draft.saved_at} wall /></> : `What scores go by now: version ${draft.live}`}
        aside={<Group gap={6}>{draft.saved && <Tag>draft</Tag>}{dirty && <Tag>not saved</Tag>}</Group>}
      >
        <div className={classes.head}>
          <NativeSelect label="Profile" value={at} data={places(set)} onChange={(event) => setAt(event.currentTarget.value)} />
          {place.list === "profiles" && <Text size="sm" c="dimmed">{set.profiles[place.index]?.why}</Text>}
          {place.list === "profiles" && (
            <NativeSelect
              label="A parent's children" disabled={readOnly} value={set.profiles[place.index]?.rollup ?? "average"} data={ROLLUPS}
              onChange={(event) => {
                const rollup = oneOf(MODES, event.currentTarget.value) ?? "average";
                setSet({ ...set, profiles: set.profiles.map((profile, index) => (index === place.index ? { ...profile, rollup } : profile)) });
              }}
            />
          )}
          {!readOnly && <Button variant="default" disabled={(set.scorecards ?? []).length >= 5} onClick={addScorecard}>Add a scorecard</Button>}
        </div>
        <Measures
          measures={measuresAt(set, place)} catalogue={catalogue.measures} readOnly={readOnly}
          onChange={(measures) => setSet(withMeasures(set, place, measures))}
        />
        {save.isError && <ProblemState error={save.error} />}
        <div className={classes.foot}>
          {readOnly ? <Text size="xs" c="dimmed">Only admins change these.</Text> : (
            <>
              <Button disabled={!dirty} loading={save.isPending} onClick={() => save.mutate()}>Save draft</Button>
              <Button variant="default" disabled={!draft.saved || dirty} onClick={() => setPublishing(true)}>Publish…</Button>
              <Button variant="default" disabled={!draft.saved || dirty} loading={test.isPending} onClick={() => test.mutate({ subject: { what: "draft" }, from: null, to: null })}>Backtest this draft</Button>
              <Button variant="default" disabled={!draft.saved && !dirty} loading={discard.isPending} onClick={() => { setSet(draft.set); if (draft.saved) discard.mutate(); }}>
                Throw away
              </Button>
              {draft.saved && draft.base !== draft.live && (
                <Text size="sm" role="alert">Version {draft.live} was published meanwhile: throw this draft away and make it again.</Text>
              )}
            </>
          )}
        </div>
      </Panel>
      <Caps caps={set.caps} features={catalogue.features} readOnly={readOnly} onChange={(caps) => setSet({ ...set, caps })} />
      {draft.changes.length > 0 && (
        <Panel flush title="What the draft changes" hint={`Against version ${draft.live}`}><Changes changes={draft.changes} /></Panel>
      )}
      {!readOnly && <Preview key={draft.etag} saved={draft.saved} dirty={dirty} />}
      <PublishDialog opened={publishing} etag={draft.etag} changes={draft.changes.length} onClose={() => setPublishing(false)} onDone={renew} />
    </>
  );
}

function freeId(taken: readonly string[]): string {
  let number = taken.length + 1;
  while (taken.includes(`scorecard-${number}`)) number += 1;
  return `scorecard-${number}`;
}

interface PublishProps {
  opened: boolean;
  etag: string;
  changes: number;
  onClose: () => void;
  onDone: () => void;
}

function PublishDialog({ opened, etag, changes, onClose, onDone }: PublishProps) {
  const api = useApi();
  const [note, setNote] = useState("");
  const publish = useMutation({
    mutationFn: () => unwrap(api.POST("/v1/profiles/draft/publish", {
      params: { header: { "If-Match": etag, ...idempotencyKey() } }, body: note.trim() === "" ? {} : { note: note.trim() },
    })),
    onSuccess: ({ version, scores_asked: asked }) => {
      notifications.show({ message: `Version ${version} is published; new scores of ${asked} ${asked === 1 ? "account" : "accounts"} are on their way`, autoClose: 6000 });
      onClose();
      onDone();
    },
    onError: (error) => reportFailure(error, "Not published"),
  });
  return (
    <Modal opened={opened} onClose={onClose} title="Publish the draft">
      <form onSubmit={(event) => { event.preventDefault(); publish.mutate(); }}>
        <Stack gap="md">
          <Text size="sm">{changes} {changes === 1 ? "value changes" : "values change"}. New scores are asked for of every account that it concerns.</Text>
          <TextInput data-autofocus label="What changed and why" maxLength={200} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" loading={publish.isPending}>Publish</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
