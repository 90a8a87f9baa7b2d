import { Avatar, Menu, Text, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { IconDeviceDesktop, IconLogout, IconMoon, IconSun } from "@tabler/icons-react";
import { useServices } from "~/api/client";
import type { Me } from "~/api/types";
import { initials, person, words } from "~/lib/format";

const schemes = [
  { value: "light", label: "Light", icon: IconSun },
  { value: "dark", label: "Dark", icon: IconMoon },
  { value: "auto", label: "As the system", icon: IconDeviceDesktop },
] as const;

export function UserMenu({ me }: { me: Me | undefined }) {
  const { session } = useServices();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <UnstyledButton aria-label={`${initials(person(me?.email))}, your menu`} style={{ borderRadius: 99 }}>
          <Avatar size={30} color="ink" variant="light">{me === undefined ? "" : initials(person(me.email))}</Avatar>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {me !== undefined && (
          <>
            <div style={{ padding: "6px 12px" }}>
              <Text fw={600}>{person(me.email)}</Text>
              <Text size="xs" c="dimmed" className="clip">{me.email}</Text>
              <Text size="xs" c="dimmed">{words(me.role)} at {me.tenant_name}</Text>
            </div>
            <Menu.Divider />
          </>
        )}
        <Menu.Label>Appearance</Menu.Label>
        <Menu.RadioGroup value={colorScheme} onChange={(value) => setColorScheme(schemes.find((s) => s.value === value)?.value ?? "auto")}>
          {schemes.map(({ value, label, icon: Icon }) => (
            <Menu.RadioItem key={value} value={value} rightSection={<Icon size={15} aria-hidden />}>{label}</Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={15} aria-hidden />} onClick={() => session.signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
