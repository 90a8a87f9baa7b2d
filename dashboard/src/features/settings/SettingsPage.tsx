import { Button, NativeSelect, NumberInput, Stack, Switch, TagsInput, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { unwrap, useApi } from "~/api/client";
import { meQuery, rulesQuery, settingsQuery } from "~/api/queries";
import type { Settings } from "~/api/types";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { PageHead, Panel } from "~/components/Panel";
import { ProblemState, Rows } from "~/components/States";
import { oneOf } from "~/lib/decode";
import { words } from "~/lib/format";
import { paths } from "~/lib/paths";
import { SEVERITIES } from "~/lib/vocabulary";
import { Competitors, fitsCompetitor } from "./Competitors";
import { Messages } from "./Messages";
import { Rules } from "./Rules";
import { Webhooks } from "./Webhooks";
import classes from "./Settings.module.css";

/** Who is told what and when, and the rules that do the telling. */
export function SettingsPage() {
  const api = useApi();
  const settings = useQuery(settingsQuery(api));
  const rules = useQuery(rulesQuery(api));
  return (
    <>
      <PageHead title="Settings" hint="Messages, and the rules behind the alerts">
        <Button component={Link} to={paths.profiles} variant="default">Health profiles</Button>
        <Button component={Link} to={paths.models} variant="default">Models</Button>
      </PageHead>
      <div className={classes.columns}>
        <Panel title="Messages and signals" hint="Critical and high go out at once, medium in the daily digest">
          {settings.isError ? <ProblemState error={settings.error} onRetry={() => void settings.refetch()} />
            : settings.data === undefined ? <Rows count={5} /> : <SettingsForm key={settings.data.etag} settings={settings.data.settings} etag={settings.data.etag} />}
        </Panel>
        <div className={classes.column}>
        <Messages />
        <Webhooks />
        <Panel flush title="Rules" hint="How often users found each rule's alerts right, with the range that few ratings allow">
          {rules.isError ? <ProblemState error={rules.error} onRetry={() => void rules.refetch()} />
            : rules.data === undefined ? <Rows count={8} /> : <Rules rules={rules.data.data} />}
        </Panel>
        </div>
      </div>
    </>
  );
}

function SettingsForm({ settings, etag }: { settings: Settings; etag: string }) {
  const api = useApi();
  const cache = useQueryClient();
  const me = useQuery(meQuery(api));
  const [draft, setDraft] = useState(settings);
  const readOnly = me.data === undefined || me.data.role === "viewer" || me.data.role === "csm";
  const fits = draft.competitors.every(fitsCompetitor);
  const save = useMutation({
    mutationFn: () => unwrap(api.PATCH("/v1/settings", { params: { header: { "If-Match": etag } }, body: draft })),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: ["settings"] });
      notifications.show({ message: "Settings saved", autoClose: 3000 });
    },
    onError: (error) => reportFailure(error, "Not saved"),
  });
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (fits) save.mutate(); }}>
      <Stack gap="md">
        <Switch
          label="E-mail" description="Sent to the owner of the account" checked={draft.email.enabled} disabled={readOnly}
          onChange={(event) => setDraft({ ...draft, email: { ...draft.email, enabled: event.currentTarget.checked } })}
        />
        <NumberInput
          label="Hour of the daily digest" suffix=":00" min={0} max={23} clampBehavior="strict" value={draft.email.digest_hour} disabled={readOnly}
          onChange={(value) => setDraft({ ...draft, email: { ...draft.email, digest_hour: Number(value) } })}
        />
        <Switch
          label="Slack" description="Sent to the channel of the incoming webhook" checked={draft.slack.enabled} disabled={readOnly}
          onChange={(event) => setDraft({ ...draft, slack: { ...draft.slack, enabled: event.currentTarget.checked } })}
        />
        {draft.slack.enabled && (
          <NativeSelect
            label="Posted from severity" disabled={readOnly} value={draft.slack.from_severity ?? ""}
            onChange={(event) => setDraft({ ...draft, slack: { ...draft.slack, from_severity: oneOf(SEVERITIES, event.currentTarget.value) ?? null } })}
            data={[{ value: "", label: "As the rules of routing say" }, ...SEVERITIES.map((value) => ({ value, label: words(value) }))]}
          />
        )}
        <TagsInput
          label="Leads" description="Told of critical alerts beside the owner. Enter adds an address" disabled={readOnly} value={draft.leads}
          onChange={(leads) => setDraft({ ...draft, leads })}
        />
        <NumberInput
          label="At most, per person and day" description="The rest is folded into the digest" min={1} max={100} clampBehavior="strict"
          value={draft.daily_cap} disabled={readOnly} onChange={(value) => setDraft({ ...draft, daily_cap: Number(value) })}
        />
        <Switch
          label="Quiet hours" checked={draft.quiet_hours !== null} disabled={readOnly}
          onChange={(event) => setDraft({ ...draft, quiet_hours: event.currentTarget.checked ? { from: "19:00", to: "08:00" } : null })}
        />
        {draft.quiet_hours !== null && (
          <div className={classes.two}>
            <TextInput
              type="time" label="From" value={draft.quiet_hours.from} disabled={readOnly}
              onChange={(event) => setDraft({ ...draft, quiet_hours: { from: event.currentTarget.value, to: draft.quiet_hours?.to ?? "08:00" } })}
            />
            <TextInput
              type="time" label="To" value={draft.quiet_hours.to} disabled={readOnly}
              onChange={(event) => setDraft({ ...draft, quiet_hours: { from: draft.quiet_hours?.from ?? "19:00", to: event.currentTarget.value } })}
            />
          </div>
        )}
        <Competitors names={draft.competitors} disabled={readOnly} onChange={(competitors) => setDraft({ ...draft, competitors })} />
        <Switch
          label="Read the tone of tickets" description="Of tickets and survey comments: shown in the timeline with the words that say so, raises R15. Off, nothing is read. What reads them is on the page Models" checked={draft.text_tone} disabled={readOnly}
          onChange={(event) => setDraft({ ...draft, text_tone: event.currentTarget.checked })}
        />
        {readOnly ? <Text size="xs" c="dimmed">Only leads and admins change these.</Text> : <Button type="submit" loading={save.isPending} w="fit-content">Save</Button>}
      </Stack>
    </form>
  );
}
