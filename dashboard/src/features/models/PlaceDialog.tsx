import { Button, Checkbox, Group, Modal, NumberInput, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import type { LearntModel, ModelVersion } from "~/api/types";
import { answering, checkNames, kinds } from "./words";
import { useDecide } from "./useDecide";

interface PlaceProps {
  models: LearntModel;
  version: ModelVersion;
  role: "challenger" | "champion";
  onClose: () => void;
}

/** Lets a version answer, for all accounts or a share; each missed check is accepted by itself, with a reason. */
export function PlaceDialog({ models, version, role, onClose }: PlaceProps) {
  const { place } = useDecide(models, onClose);
  const [accepted, setAccepted] = useState<string[]>([]);
  const [reason, setReason] = useState("");
  const [share, setShare] = useState<number | string>(10);
  const missed = version.checks.filter(({ passed }) => !passed);
  const accept = missed.map(({ name }) => name).filter((name) => accepted.includes(name));
  const sharing = role === "challenger";
  const shareFits = !sharing || (Number(share) >= 5 && Number(share) <= 50);
  const fits = shareFits && accept.length === missed.length && (missed.length === 0 || reason.trim() !== "");
  const send = () => place.mutate({
    version: version.version,
    body: { role, share: sharing ? Number(share) / 100 : null, accept, reason: reason.trim() === "" ? null : reason.trim() },
    said: sharing ? `${version.version} answers for ${share} % of the accounts` : `${version.version} answers now`,
  });
  return (
    <Modal opened onClose={onClose} size="lg" title={sharing ? `Let ${version.version} answer for a share` : `Promote ${version.version}`}>
      <form onSubmit={(event) => { event.preventDefault(); if (fits) send(); }}>
        <Stack gap="md">
          <Text size="sm">
            {sharing
              ? "It answers for a share of the accounts, always the same ones; what answers now keeps the others."
              : `${kinds[models.kind].title}: it answers from the next scoring on, instead of ${answering(models.answers).toLowerCase()}. You can roll back.`}
          </Text>
          {sharing && (
            <NumberInput
              data-autofocus label="Share of the accounts" description="5 to 50 %" suffix=" %" required min={5} max={50} clampBehavior="none" allowDecimal={false}
              value={share} onChange={setShare} {...(shareFits ? {} : { error: "5 to 50 %" })}
            />
          )}
          {missed.length === 0 ? <Text size="sm">Every check is met.</Text> : (
            <Checkbox.Group label="Missed checks" description="Accept each by itself, or wait" value={accepted} onChange={setAccepted}>
              <Stack gap={8} mt={8}>
                {missed.map(({ name, text }) => <Checkbox key={name} value={name} label={`Accept “${checkNames[name] ?? name}”: ${text}`} />)}
              </Stack>
            </Checkbox.Group>
          )}
          <TextInput
            label="Reason" description="Kept in the audit trail" required={missed.length > 0} maxLength={200} value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" disabled={!fits} loading={place.isPending}>{sharing ? "Let it answer" : "Promote"}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
