import { Button, Group, Modal, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "~/api/client";
import { describe } from "~/api/errors";
import { meQuery } from "~/api/queries";
import { useCreateTask } from "~/api/tasks";
import type { Me, TodayItem } from "~/api/types";
import { useNow } from "~/components/clock";
import { sentence } from "~/lib/format";
import { dayOf, plusDays } from "~/lib/tasks";

/** Makes a task of a thing to do; open while `item` is given. */
export function TaskDialog({ item, onClose }: { item: TodayItem | undefined; onClose: () => void }) {
  const me = useQuery(meQuery(useApi())).data;
  return (
    <Modal opened={item !== undefined} onClose={onClose} title="New task">
      {item !== undefined && me !== undefined && <TaskForm key={item.alert.id} item={item} me={me} onClose={onClose} />}
    </Modal>
  );
}

function TaskForm({ item: { alert, account, action, reason }, me, onClose }: { item: TodayItem; me: Me; onClose: () => void }) {
  const today = dayOf(useNow(), me.zone);
  const create = useCreateTask();
  const [title, setTitle] = useState(sentence(action === "" ? reason : action).slice(0, 200));
  const [due, setDue] = useState(plusDays(today, 3));
  const [owner, setOwner] = useState(me.email ?? "");
  const [note, setNote] = useState("");
  const problem = create.error === null ? undefined : describe(create.error);

  const save = () => create.mutate({
    title: title.trim(), account: account.id, alert: alert.id, playbook: alert.suggested_actions[0]?.playbook ?? null,
    due_on: due === "" ? null : due, owner: owner.trim() === "" ? null : owner.trim(), note: note.trim() === "" ? null : note.trim(),
  }, {
    onSuccess: () => {
      notifications.show({ message: "Task made", autoClose: 3000 });
      onClose();
    },
  });
  return (
    <form onSubmit={(event) => { event.preventDefault(); save(); }}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">{account.name}: {sentence(reason)}</Text>
        <TextInput data-autofocus label="What to do" required maxLength={200} value={title} onChange={(event) => setTitle(event.currentTarget.value)} />
        <Group grow align="flex-start" gap="sm">
          <TextInput type="date" label="Due" value={due} onChange={(event) => setDue(event.currentTarget.value)} />
          <TextInput type="email" label="Owner" maxLength={200} value={owner} onChange={(event) => setOwner(event.currentTarget.value)} />
        </Group>
        <Textarea label="Note" autosize minRows={2} maxRows={8} maxLength={4000} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
        {problem !== undefined && <Text role="alert" size="sm" c="var(--mantine-color-error)">{problem.title}: {problem.detail}</Text>}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" disabled={title.trim() === ""} loading={create.isPending}>Make task</Button>
        </Group>
      </Stack>
    </form>
  );
}
