import { AppShell, Burger, Button, Group, Kbd, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { spotlight } from "@mantine/spotlight";
import {
  IconBell, IconBuildingSkyscraper, IconFileImport, IconLayoutGrid, IconPlugConnected, IconSearch, IconSettings, IconSunHigh, IconTarget,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Suspense, useEffect, useRef } from "react";
import { NavLink, Outlet, useLocation, useNavigation } from "react-router";
import { useApi } from "~/api/client";
import { meQuery } from "~/api/queries";
import { ProductMark } from "~/components/AccountMark";
import { ClockContext } from "~/components/clock";
import { ProblemState, Rows } from "~/components/States";
import { paths } from "~/lib/paths";
import { CommandPalette } from "./CommandPalette";
import { SandboxBanner } from "./SandboxBanner";
import classes from "./Shell.module.css";
import { UserMenu } from "./UserMenu";

const places = [
  { to: paths.today, label: "Today", icon: IconSunHigh },
  { to: paths.portfolio, label: "Portfolio", icon: IconBuildingSkyscraper },
  { to: paths.whiteSpace, label: "White space", icon: IconLayoutGrid },
  { to: paths.alerts, label: "Alerts", icon: IconBell },
  { to: paths.imports, label: "Import", icon: IconFileImport },
  { to: paths.integrations, label: "Integrations", icon: IconPlugConnected },
  { to: paths.accuracy, label: "Accuracy", icon: IconTarget },
  { to: paths.settings, label: "Settings", icon: IconSettings },
];

export function Shell() {
  const [open, menu] = useDisclosure(false);
  const main = useRef<HTMLElement>(null);
  const me = useQuery(meQuery(useApi()));
  const { pathname } = useLocation();
  const busy = useNavigation().state === "loading";
  const pinned = me.data?.as_of ?? null;
  const now = pinned === null ? Date.now : () => Date.parse(pinned);
  useEffect(() => {
    const place = places.findLast(({ to }) => pathname === to || (to !== "/" && pathname.startsWith(to)));
    document.title = `${place?.label ?? "Customer Success Copilot"} · Copilot`;
  }, [pathname]);

  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 208, breakpoint: "sm", collapsed: { mobile: !open } }}
      padding={0}
      classNames={{ main: classes.main, navbar: classes.navbar, header: classes.header }}
    >
      <a className="skip-link" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>
        Skip to content
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={open} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <ProductMark size={26} />
            <Text fw={650} visibleFrom="xs" style={{ letterSpacing: "-0.01em" }}>Copilot</Text>
            {me.data !== undefined && (
              <Text size="sm" c="dimmed" visibleFrom="md" className="clip">{me.data.tenant_name}</Text>
            )}
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Button
              variant="default" className={classes.search} onClick={spotlight.open}
              leftSection={<IconSearch size={14} aria-hidden />}
              rightSection={<Kbd size="xs" visibleFrom="sm">Ctrl K</Kbd>}
            >
              <span className={classes.searchText}>Search accounts</span>
            </Button>
            <UserMenu me={me.data} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs">
        <nav aria-label="Main">
          {places.map(({ to, label, icon: Icon }) => (
            <NavLink key={to} to={to} end={to === "/"} className={classes.link} onClick={menu.close}>
              <Icon size={17} stroke={1.7} aria-hidden />
              {label}
            </NavLink>
          ))}
        </nav>
      </AppShell.Navbar>
      <AppShell.Main ref={main} tabIndex={-1} id="main" aria-busy={busy}>
        {pinned !== null && <SandboxBanner asOf={pinned} />}
        <div className={classes.content}>
          <ClockContext value={now}>
            <Suspense fallback={<Rows />}>
              {me.isError ? <ProblemState error={me.error} onRetry={() => void me.refetch()} /> : <Outlet />}
            </Suspense>
          </ClockContext>
        </div>
      </AppShell.Main>
      <CommandPalette />
    </AppShell>
  );
}
