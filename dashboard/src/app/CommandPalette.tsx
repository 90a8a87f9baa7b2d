import { Group, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Spotlight } from "@mantine/spotlight";
import { IconArrowRight, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useApi } from "~/api/client";
import { accountSearchQuery } from "~/api/queries";
import { AccountMark } from "~/components/AccountMark";
import { BandBadge } from "~/components/BandBadge";
import { money, person } from "~/lib/format";
import { paths } from "~/lib/paths";

const pages = [
  { label: "Today", to: paths.today },
  { label: "Portfolio", to: paths.portfolio },
  { label: "My at-risk accounts", to: paths.band("at_risk", true) },
  { label: "White space", to: paths.whiteSpace },
  { label: "Alerts", to: paths.alerts },
  { label: "Import a CSV file", to: paths.imports },
  { label: "Integrations", to: paths.integrations },
  { label: "Settings", to: paths.settings },
  { label: "Health profiles", to: paths.profiles },
  { label: "Models", to: paths.models },
  { label: "Backtests", to: paths.backtests },
];

/** Ctrl/Cmd-K: any account by the beginning of its name, and every page. */
export function CommandPalette() {
  const [query, setQuery] = useState("");
  const [prefix] = useDebouncedValue(query.trim(), 150);
  const navigate = useNavigate();
  const found = useQuery(accountSearchQuery(useApi(), prefix));
  const accounts = prefix === "" ? [] : (found.data?.data ?? []);
  const matching = pages.filter(({ label }) => label.toLowerCase().includes(query.trim().toLowerCase()));
  const nothing = prefix !== "" && !found.isFetching && accounts.length === 0 && matching.length === 0;

  return (
    <Spotlight.Root
      query={query} onQueryChange={setQuery} shortcut={["mod + K"]} clearQueryOnClose scrollable maxHeight={420}
      transitionProps={{ duration: 80 }}
    >
      <Spotlight.Search
        placeholder="Account name or page" aria-label="Account name or page" leftSection={<IconSearch size={17} aria-hidden />}
      />
      <Spotlight.ActionsList>
        {accounts.length > 0 && (
          <Spotlight.ActionsGroup label="Accounts">
            {accounts.map((account) => (
              <Spotlight.Action key={account.id} onClick={() => void navigate(paths.account(account.id))}>
                <Group wrap="nowrap" gap="sm" w="100%">
                  <AccountMark name={account.name} size={26} />
                  <div style={{ flex: 1, minWidth: 0 }}>
                    <Text size="sm" fw={500} className="clip">{account.name}</Text>
                    <Text size="xs" c="dimmed" className="clip">{money(account.arr)} · {person(account.owner)}</Text>
                  </div>
                  <BandBadge band={account.band} size="sm" />
                </Group>
              </Spotlight.Action>
            ))}
          </Spotlight.ActionsGroup>
        )}
        {matching.length > 0 && (
          <Spotlight.ActionsGroup label="Pages">
            {matching.map(({ label, to }) => (
              <Spotlight.Action
                key={to} label={label} onClick={() => void navigate(to)}
                leftSection={<IconArrowRight size={15} aria-hidden />}
              />
            ))}
          </Spotlight.ActionsGroup>
        )}
        {found.isError && <Spotlight.Empty>The search failed: {found.error.message}</Spotlight.Empty>}
        {nothing && !found.isError && <Spotlight.Empty>No account begins with “{query}”</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
