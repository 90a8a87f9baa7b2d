import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import type { LearntModel } from "~/api/types";
import { useDecide } from "./useDecide";
import { answering, kinds } from "./words";

/** Back to the champion before, with a reason. */
export function RollBackDialog({ models, onClose }: { models: LearntModel; onClose: () => void }) {
  const { rollBack } = useDecide(models, onClose);
  const [reason, setReason] = useState("");
  const fits = reason.trim() !== "";
  return (
    <Modal opened onClose={onClose} title={`Roll back ${kinds[models.kind].title.toLowerCase()}?`}>
      <form onSubmit={(event) => { event.preventDefault(); if (fits) rollBack.mutate(reason.trim()); }}>
        <Stack gap="md">
          <Text size="sm">What answered before {answering(models.answers).toLowerCase()} answers again from the next scoring on: the champion before, or where there was none, the rules or what was shipped.</Text>
          <TextInput data-autofocus label="Reason" description="Kept in the audit trail" required maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" disabled={!fits} loading={rollBack.isPending}>Roll back</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
