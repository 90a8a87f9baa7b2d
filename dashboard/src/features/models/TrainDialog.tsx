import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";

interface TrainProps {
  title: string;
  held: string;
  pending: boolean;
  onTrain: (reason: string) => void;
  onClose: () => void;
}

/** Training though a feature has drifted, with a reason. */
export function TrainDialog({ title, held, pending, onTrain, onClose }: TrainProps) {
  const [reason, setReason] = useState("");
  const fits = reason.trim() !== "";
  return (
    <Modal opened onClose={onClose} title={`Train ${title.toLowerCase()} all the same?`}>
      <form onSubmit={(event) => { event.preventDefault(); if (fits) onTrain(reason.trim()); }}>
        <Stack gap="md">
          <Text size="sm">Training is {held}. What is missing or wrong now would be learnt.</Text>
          <TextInput
            data-autofocus label="Reason" description="Why the drift is real; kept with the run and in the audit trail" required maxLength={200}
            value={reason} onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" disabled={!fits} loading={pending}>Accept and train</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
