import { Button, Group, Menu, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import { person } from "~/lib/format";

interface AssignMenuProps {
  /** Who may be asked at once; any other address can be typed. */
  people: readonly string[];
  me: string | null;
  current?: string | null;
  disabled?: boolean;
  compact?: boolean;
  opened?: boolean;
  onChange?: (opened: boolean) => void;
  onAssign: (email: string) => void;
}

const MOST = 30;

/** Hands alerts to somebody: oneself, who is known from the list, or any address. */
export function AssignMenu({ people, me, current = null, disabled = false, compact = false, opened, onChange, onAssign }: AssignMenuProps) {
  const [typing, setTyping] = useState(false);
  const others = people.filter((email) => email !== me).slice(0, MOST);
  return (
    <>
      <Menu {...(opened === undefined ? {} : { opened })} {...(onChange === undefined ? {} : { onChange })} position={compact ? "bottom-start" : "bottom-end"}>
        <Menu.Target>
          <Button
            variant="default" disabled={disabled} leftSection={<IconUserPlus size={14} aria-hidden />}
            {...(compact ? { size: "compact-xs" } : {})}
          >
            Assign
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={340} style={{ overflowY: "auto" }}>
          {me !== null && <Menu.Item disabled={me === current} onClick={() => onAssign(me)}>To me</Menu.Item>}
          {others.map((email) => (
            <Menu.Item key={email} disabled={email === current} onClick={() => onAssign(email)}>
              {person(email)} <Text span size="xs" c="dimmed">{email}</Text>
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={() => setTyping(true)}>Someone else…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <AddressDialog opened={typing} onClose={() => setTyping(false)} onAssign={onAssign} />
    </>
  );
}

function AddressDialog({ opened, onClose, onAssign }: { opened: boolean; onClose: () => void; onAssign: (email: string) => void }) {
  const [email, setEmail] = useState("");
  const good = /^\S+@\S+$/.test(email.trim());
  return (
    <Modal opened={opened} onClose={onClose} title="Assign to someone else">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!good) return;
          onAssign(email.trim().toLowerCase());
          setEmail("");
          onClose();
        }}
      >
        <Stack gap="md">
          <TextInput
            data-autofocus type="email" label="E-mail" required maxLength={200} value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" disabled={!good}>Assign</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
