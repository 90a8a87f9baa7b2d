import { Button, Group, Modal, Radio, Stack, Text, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import { describe } from "~/api/errors";
import type { AccountView } from "~/api/types";

interface DialogProps {
  id: string;
  opened: boolean;
  onClose: () => void;
}

export function NoteDialog({ id, opened, onClose }: DialogProps) {
  const api = useApi();
  const cache = useQueryClient();
  const [text, setText] = useState("");
  const save = useMutation({
    mutationFn: () => unwrap(api.POST("/v1/accounts/{id}/notes", {
      params: { path: { id }, header: idempotencyKey() }, body: { text: text.trim() },
    })),
    onSuccess: () => {
      setText("");
      onClose();
      notifications.show({ message: "Note saved", autoClose: 3000 });
      void cache.invalidateQueries({ queryKey: ["account", id, "timeline"] });
    },
  });
  return (
    <Modal opened={opened} onClose={onClose} title="Log a note">
      <form onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        <Stack gap="sm">
          <Textarea
            data-autofocus label="Note" required autosize minRows={4} maxRows={12} maxLength={10_000} value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Buttons disabled={text.trim() === ""} busy={save.isPending} error={save.error} onClose={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}

const pulses = [
  { value: 5, label: "5 · Champion" },
  { value: 4, label: "4 · Good" },
  { value: 3, label: "3 · Neutral" },
  { value: 2, label: "2 · Worried" },
  { value: 1, label: "1 · About to leave" },
];

export function PulseDialog({ id, current, opened, onClose }: DialogProps & { current: number | null }) {
  const api = useApi();
  const cache = useQueryClient();
  const [pulse, setPulse] = useState<number>();
  const [reason, setReason] = useState("");
  const save = useMutation({
    mutationFn: (value: number) => unwrap(api.POST("/v1/accounts/{id}/pulse", {
      params: { path: { id }, header: idempotencyKey() }, body: { pulse: value, reason: reason.trim() === "" ? null : reason.trim() },
    })),
    onSuccess: (_, value) => {
      cache.setQueryData<AccountView>(["account", id, "view"], (old) => old && { ...old, account: { ...old.account, pulse: value } });
      void cache.invalidateQueries({ queryKey: ["account", id] });
      setReason("");
      setPulse(undefined);
      onClose();
      notifications.show({ message: `Pulse set to ${value}`, autoClose: 3000 });
    },
  });
  const chosen = pulse ?? current ?? undefined;
  const needsReason = chosen === undefined || chosen <= 2;
  return (
    <Modal opened={opened} onClose={onClose} title="Set pulse">
      <form onSubmit={(event) => { event.preventDefault(); if (chosen !== undefined) save.mutate(chosen); }}>
        <Stack gap="sm">
          <Radio.Group
            label="How is the relationship?" required value={chosen === undefined ? null : String(chosen)}
            onChange={(value) => setPulse(Number(value))}
          >
            <Stack gap={6} mt="xs">
              {pulses.map(({ value, label }) => <Radio key={value} value={String(value)} label={label} />)}
            </Stack>
          </Radio.Group>
          <Textarea
            label="Reason" required={needsReason} autosize minRows={2} maxRows={8} maxLength={2000} value={reason}
            placeholder="What did you see or hear?" onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Buttons disabled={chosen === undefined || (needsReason && reason.trim() === "")} busy={save.isPending} error={save.error} onClose={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}

function Buttons({ disabled, busy, error, onClose }: { disabled: boolean; busy: boolean; error: unknown; onClose: () => void }) {
  const problem = error === null ? undefined : describe(error);
  return (
    <>
      {problem !== undefined && <Text role="alert" size="sm" c="var(--mantine-color-error)">{problem.title}: {problem.detail}</Text>}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>Cancel</Button>
        <Button type="submit" disabled={disabled} loading={busy}>Save</Button>
      </Group>
    </>
  );
}
