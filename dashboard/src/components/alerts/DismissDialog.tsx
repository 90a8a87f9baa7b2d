import { Button, Group, Modal, Radio, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { DismissReason } from "~/api/types";
import { oneOf } from "~/lib/decode";
import { dismissReasons } from "~/lib/vocabulary";

interface DismissDialogProps {
  title: string | undefined;
  heading?: string;
  onClose: () => void;
  onDismiss: (reason: DismissReason) => void;
}

const values = dismissReasons.map(({ value }) => value);

/** A dismissal says why: it is what the rules learn from. Open while `title` is given. */
export function DismissDialog({ title, heading = "Dismiss alert", onClose, onDismiss }: DismissDialogProps) {
  const [reason, setReason] = useState<DismissReason>();
  const close = () => {
    setReason(undefined);
    onClose();
  };
  return (
    <Modal opened={title !== undefined} onClose={close} title={heading}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (reason === undefined) return;
          onDismiss(reason);
          close();
        }}
      >
        <Stack gap="md">
          <Text size="sm" c="dimmed">{title}. The same alert stays quiet for 30 days; with wrong data, until the data changes.</Text>
          <Radio.Group
            label="Why?" required value={reason ?? null} onChange={(value) => setReason(oneOf(values, value))}
          >
            <Stack gap="xs" mt="xs">
              {dismissReasons.map(({ value, label, help }) => (
                <Radio key={value} value={value} label={label} description={help} data-autofocus={value === "wrong_data" || undefined} />
              ))}
            </Stack>
          </Radio.Group>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>Cancel</Button>
            <Button type="submit" disabled={reason === undefined}>Dismiss</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
