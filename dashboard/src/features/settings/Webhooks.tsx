import { Button, CopyButton, Group, Modal, MultiSelect, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import { meQuery, webhooksQuery } from "~/api/queries";
import type { NewWebhook, Webhook } from "~/api/types";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { Tag } from "~/components/SeverityBadge";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { WebhookLog } from "./WebhookLog";

/** The catalogue of docs/webhooks.md. */
const EVENTS = [
  "*", "alert.opened", "alert.updated", "alert.acknowledged", "alert.snoozed", "alert.dismissed", "alert.resolved", "health.band_changed", "rule.held",
  "source.silent", "source.back", "model.drifted", "model.steady",
];

/** Addresses that events are posted to, for admins: an address may hold a token of its receiver. */
export function Webhooks() {
  const me = useQuery(meQuery(useApi()));
  return me.data?.role === "admin" ? <Managed /> : null;
}

interface Shown {
  url: string;
  secret: string;
}

function Managed() {
  const query = useQuery(webhooksQuery(useApi()));
  const [adding, setAdding] = useState(false);
  const [shown, setShown] = useState<Shown>();
  const [log, setLog] = useState<Webhook>();
  const rows = query.data?.data ?? [];
  return (
    <Panel flush title="Webhooks" hint="Events, signed, to addresses of yours">
      {query.isError ? <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        : query.isPending ? <Rows count={3} />
          : rows.length === 0 ? <EmptyState title="No webhook yet">Add an address, and the events that you choose are posted to it.</EmptyState>
            : (
              <ScrollRegion label="Table of webhooks">
                <table className="data">
                  <thead><tr><th scope="col">Address</th><th scope="col">Events</th><th scope="col">Do</th></tr></thead>
                  <tbody>
                    {rows.map((row) => <Row key={row.id} row={row} onSecret={setShown} onLog={() => setLog(row)} />)}
                  </tbody>
                </table>
              </ScrollRegion>
            )}
      <div style={{ padding: 12 }}><Button variant="default" onClick={() => setAdding(true)}>Add a webhook</Button></div>
      <AddDialog opened={adding} onClose={() => setAdding(false)} onMade={setShown} />
      <SecretDialog shown={shown} onClose={() => setShown(undefined)} />
      {log !== undefined && <WebhookLog webhook={log} onClose={() => setLog(undefined)} />}
    </Panel>
  );
}

const failed = (error: unknown) => reportFailure(error, "Not done");

function Row({ row, onSecret, onLog }: { row: Webhook; onSecret: (shown: Shown) => void; onLog: () => void }) {
  const api = useApi();
  const cache = useQueryClient();
  const [asked, setAsked] = useState<"delete" | "rotate">();
  const at = { params: { path: { id: row.id } } };
  const renew = () => void cache.invalidateQueries({ queryKey: ["webhooks"] });
  const test = useMutation({
    mutationFn: () => unwrap(api.POST("/v1/webhooks/{id}/test", at)),
    onSuccess: () => {
      notifications.show({ message: "A test is on its way; the log says what came of it", autoClose: 4000 });
      void cache.invalidateQueries({ queryKey: ["webhook-log", row.id] });
    },
    onError: failed,
  });
  const turn = useMutation({
    mutationFn: () => unwrap(api.PATCH("/v1/webhooks/{id}", { params: { path: { id: row.id }, header: { "If-Match": row.etag } }, body: { enabled: !row.enabled } })),
    onSuccess: renew,
    onError: failed,
  });
  const rotate = useMutation({
    mutationFn: () => unwrap(api.POST("/v1/webhooks/{id}/rotate", at)),
    onSuccess: (made) => {
      setAsked(undefined);
      renew();
      if (made.secret !== null) onSecret({ url: made.url, secret: made.secret });
    },
    onError: failed,
  });
  const remove = useMutation({
    mutationFn: async () => {
      const { error, response } = await api.DELETE("/v1/webhooks/{id}", at);
      if (!response.ok) await unwrap(Promise.resolve({ error, response }));
    },
    onSuccess: () => {
      setAsked(undefined);
      renew();
    },
    onError: failed,
  });
  return (
    <tr>
      <td style={{ overflowWrap: "anywhere" }}>
        <Text size="sm" fw={500}>{row.url} {!row.enabled && <Tag>off</Tag>}</Text>
        {row.description !== null && <div className="muted">{row.description}</div>}
        {row.disabled_reason !== null && <div style={{ color: "var(--at_risk)" }}>{row.disabled_reason}</div>}
      </td>
      <td>{row.events.includes("*") ? "all" : row.events.join(", ")}</td>
      <td>
        <Group gap={4} wrap="nowrap">
          <Button size="compact-xs" variant="default" onClick={onLog}>Log</Button>
          <Button size="compact-xs" variant="default" disabled={!row.enabled} loading={test.isPending} onClick={() => test.mutate()}>Test</Button>
          <Button size="compact-xs" variant="default" loading={turn.isPending} onClick={() => turn.mutate()}>{row.enabled ? "Turn off" : "Turn on"}</Button>
          <Button size="compact-xs" variant="default" onClick={() => setAsked("rotate")}>New secret</Button>
          <Button size="compact-xs" variant="default" color="red" onClick={() => setAsked("delete")}>Delete</Button>
        </Group>
        <Modal opened={asked !== undefined} onClose={() => setAsked(undefined)} title={asked === "rotate" ? "Give it a new secret?" : "Delete this webhook?"}>
          <Stack gap="md">
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              {asked === "rotate" ? "The new secret is shown once. The one that is used now signs beside it for 24 hours." : `Nothing more is sent to ${row.url}, and its log is gone.`}
            </Text>
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setAsked(undefined)}>Cancel</Button>
              {asked === "rotate" ? <Button loading={rotate.isPending} onClick={() => rotate.mutate()}>Make a new secret</Button>
                : <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>Delete the webhook</Button>}
            </Group>
          </Stack>
        </Modal>
      </td>
    </tr>
  );
}

const EMPTY: NewWebhook = { url: "", events: ["*"] };

function AddDialog({ opened, onClose, onMade }: { opened: boolean; onClose: () => void; onMade: (shown: Shown) => void }) {
  const api = useApi();
  const cache = useQueryClient();
  const [draft, setDraft] = useState(EMPTY);
  const [key, setKey] = useState(idempotencyKey);
  const add = useMutation({
    mutationFn: () => unwrap(api.POST("/v1/webhooks", { params: { header: key }, body: draft })),
    onSuccess: (made) => {
      void cache.invalidateQueries({ queryKey: ["webhooks"] });
      setDraft(EMPTY);
      setKey(idempotencyKey());
      onClose();
      if (made.secret !== null) onMade({ url: made.url, secret: made.secret });
    },
    onError: (error) => reportFailure(error, "Not added"),
  });
  const change = (next: NewWebhook) => {
    setDraft(next);
    setKey(idempotencyKey());
  };
  return (
    <Modal opened={opened} onClose={onClose} title="Add a webhook">
      <form onSubmit={(event) => { event.preventDefault(); add.mutate(); }}>
        <Stack gap="md">
          <TextInput
            label="Address" description="https, on the public internet" required type="url" maxLength={2000} value={draft.url}
            onChange={(event) => change({ ...draft, url: event.currentTarget.value })}
          />
          <MultiSelect
            label="Events" data={EVENTS.map((value) => ({ value, label: value === "*" ? "all" : value }))} value={draft.events}
            onChange={(events) => change({ ...draft, events })}
          />
          <TextInput
            label="What it is for" maxLength={200} value={draft.description ?? ""}
            onChange={(event) => change({ ...draft, description: event.currentTarget.value })}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" loading={add.isPending} disabled={draft.events.length === 0}>Add</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function SecretDialog({ shown, onClose }: { shown: Shown | undefined; onClose: () => void }) {
  return (
    <Modal opened={shown !== undefined} onClose={onClose} title="The secret, shown this once" closeOnClickOutside={false}>
      <Stack gap="md">
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>Deliveries to {shown?.url} are signed with it. Keep it where the receiver can read it; lost, it is replaced by a new one.</Text>
        <code className="mono" style={{ overflowWrap: "anywhere" }}>{shown?.secret}</code>
        <Group justify="flex-end">
          <CopyButton value={shown?.secret ?? ""}>
            {({ copied, copy }) => <Button variant="default" onClick={copy}>{copied ? "Copied" : "Copy"}</Button>}
          </CopyButton>
          <Button onClick={onClose}>I have kept it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
