import { Button, Group, Modal, NumberInput, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { unwrap, useApi } from "~/api/client";
import { describe } from "~/api/errors";
import type { ScoreOverride } from "~/api/types";
import { day, person, score as scoreText } from "~/lib/format";

interface OverrideProps {
  id: string;
  computed: number | null;
  /** The override that stands now. */
  standing: ScoreOverride | null;
  opened: boolean;
  onClose: () => void;
}

/** A person's own score, with its reason and its last day; or taking one back. */
export function OverrideDialog({ id, computed, standing, opened, onClose }: OverrideProps) {
  const api = useApi();
  const cache = useQueryClient();
  const [score, setScore] = useState<number | string>("");
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState("");
  const done = (message: string) => {
    setScore("");
    setReason("");
    setUntil("");
    onClose();
    notifications.show({ message, autoClose: 4000 });
    void cache.invalidateQueries({ queryKey: ["account", id] });
    void cache.invalidateQueries({ queryKey: ["accounts"] });
  };
  const set = useMutation({
    mutationFn: () => unwrap(api.PUT("/v1/accounts/{id}/override", {
      params: { path: { id } }, body: { score: Number(score), reason: reason.trim(), ...(until === "" ? {} : { until }) },
    })),
    onSuccess: (health) => done(`Score set to ${scoreText(health.score)} until ${day(health.override?.until)}`),
  });
  const remove = useMutation({
    mutationFn: async () => {
      const { error, response } = await api.DELETE("/v1/accounts/{id}/override", { params: { path: { id } } });
      if (!response.ok) await unwrap(Promise.resolve({ error, response }));
    },
    onSuccess: () => done("Override taken back"),
  });
  const failed = set.error ?? remove.error;
  const problem = failed === null ? undefined : describe(failed);
  return (
    <Modal opened={opened} onClose={onClose} title="Override the score">
      <form onSubmit={(event) => { event.preventDefault(); set.mutate(); }}>
        <Stack gap="sm">
          <Text size="sm">
            Computed: <strong>{scoreText(computed)}</strong>. It goes on beside yours.
            {standing !== null && <> Set to <strong>{scoreText(standing.score)}</strong> by {person(standing.author)} until {day(standing.until)}: {standing.reason}</>}
          </Text>
          <NumberInput data-autofocus label="Score" description="0 to 100" required min={0} max={100} decimalScale={1} clampBehavior="strict" value={score} onChange={setScore} />
          <Textarea
            label="Reason" required autosize minRows={2} maxRows={8} maxLength={4000} value={reason} placeholder="What do you know that the facts do not show?"
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <TextInput
            type="date" label="Last day" description="At most 90 days away; 14 days when left empty" value={until}
            onChange={(event) => setUntil(event.currentTarget.value)}
          />
          {problem !== undefined && <Text role="alert" size="sm" c="var(--mantine-color-error)">{problem.title}: {problem.detail}</Text>}
          <Group justify="flex-end" gap="xs">
            {standing !== null && <Button variant="default" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>Take it back</Button>}
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" disabled={score === "" || reason.trim() === ""} loading={set.isPending}>Override</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
