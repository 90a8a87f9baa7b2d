import { Button, Kbd } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowLeft, IconChecks, IconKeyboard } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { useApi } from "~/api/client";
import { alertQuery, alertsQuery, meQuery, rulesQuery } from "~/api/queries";
import type { Alert } from "~/api/types";
import { useRows } from "~/api/useRows";
import { DismissDialog } from "~/components/alerts/DismissDialog";
import { useAlertCommands } from "~/components/alerts/useAlertCommands";
import { PageHead, Panel } from "~/components/Panel";
import { EmptyState, LookingFurther, ProblemState, Rows } from "~/components/States";
import { paths } from "~/lib/paths";
import { AlertDetail } from "./AlertDetail";
import { AlertFilters } from "./AlertFilters";
import { AlertList } from "./AlertList";
import classes from "./Alerts.module.css";
import { KeyboardHelp } from "./KeyboardHelp";
import { useTriageKeys } from "./useTriageKeys";
import { type InboxView, inboxQuery, readInbox, writeInbox } from "./view";

/** The inbox: read why, then acknowledge, snooze, dismiss or rate, by mouse or by keyboard. */
export function AlertsPage() {
  const api = useApi();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const { id = "" } = useParams();
  const me = useQuery(meQuery(api));
  const usual = me.data?.role === "csm" ? "mine" : "all";
  const view = useMemo(() => readInbox(params, usual), [params, usual]);
  const list = useInfiniteQuery({ ...alertsQuery(api, inboxQuery(view)), enabled: me.data !== undefined });
  const rules = useQuery(rulesQuery(api));
  const { rows, looking, retry } = useRows(list);
  const narrow = useMediaQuery("(max-width: 62em)") ?? false;
  const target = id !== "" || narrow ? id : (rows[0]?.id ?? "");
  // The list's row is shown at once; ratings and messages come with the alert itself.
  const row = rows.find((found) => found.id === target);
  const linked = useQuery({ ...alertQuery(api, target), placeholderData: row });
  const alert = linked.data ?? row;
  const commands = useAlertCommands();
  const [dismissing, setDismissing] = useState<Alert>();
  const [snoozing, setSnoozing] = useState(false);
  const [help, setHelp] = useState(false);
  const readOnly = me.data?.role === "viewer";

  const change = (next: Partial<InboxView>) => {
    void navigate({ pathname: paths.alerts, search: `?${writeInbox({ ...view, ...next }, usual)}` }, { replace: true });
  };
  const choose = (next: Alert | undefined) => {
    if (next !== undefined) void navigate({ pathname: paths.alert(next.id), search: `?${params}` }, { replace: true });
  };
  const move = (by: number) => {
    const at = rows.findIndex((found) => found.id === alert?.id);
    choose(rows[Math.min(rows.length - 1, Math.max(0, at + by))]);
  };
  useTriageKeys({
    enabled: dismissing === undefined && !help,
    next: () => move(1),
    previous: () => move(-1),
    acknowledge: () => { if (alert?.status === "open" && !readOnly) commands.acknowledge(alert); },
    snooze: () => { if (alert !== undefined && !readOnly) setSnoozing(true); },
    dismiss: () => { if (alert !== undefined && !readOnly) setDismissing(alert); },
    rate: () => document.querySelector<HTMLElement>("#rate button")?.focus(),
    reopen: () => { if (alert !== undefined && alert.status !== "open" && !readOnly) commands.reopen(alert); },
    account: () => { if (alert !== undefined) void navigate(paths.account(alert.account.id)); },
    help: () => setHelp(true),
  });

  const detail = alert === undefined ? (
    <DetailPlaceholder error={linked.error} loading={linked.isFetching || list.isPending} onRetry={() => void linked.refetch()} />
  ) : (
    <AlertDetail
      key={alert.id} alert={alert} readOnly={readOnly} commands={commands} onDismiss={() => setDismissing(alert)}
      snoozing={snoozing} onSnoozing={setSnoozing}
    />
  );
  return (
    <>
      <PageHead title="Alerts" hint="Few and well-founded: each says which conditions held, with their values">
        <Button
          variant="default" visibleFrom="sm" onClick={() => setHelp(true)}
          leftSection={<IconKeyboard size={15} aria-hidden />} rightSection={<Kbd size="xs">?</Kbd>}
        >
          Keys
        </Button>
      </PageHead>
      <AlertFilters view={view} rules={rules.data?.data ?? []} onChange={change} onClear={() => setParams({}, { replace: true })} />
      <div className={classes.split}>
        {(!narrow || id === "") && (
          <Panel flush>
            {list.isError && rows.length === 0 ? <ProblemState error={list.error} onRetry={retry} />
              : list.isPending ? <Rows count={10} height={34} /> : looking ? <LookingFurther />
                : rows.length === 0 ? <NothingHere view={view} onAll={() => change({ scope: "all" })} />
                  : (
                    <AlertList
                      rows={rows} chosen={alert?.id} onChoose={choose} onMore={() => void list.fetchNextPage()}
                      hasMore={list.hasNextPage} loadingMore={list.isFetchingNextPage}
                    />
                  )}
          </Panel>
        )}
        {narrow && id !== "" && (
          <Button
            variant="subtle" w="fit-content" leftSection={<IconArrowLeft size={14} aria-hidden />}
            onClick={() => void navigate({ pathname: paths.alerts, search: `?${params}` })}
          >
            All alerts
          </Button>
        )}
        {(!narrow || id !== "") && <div className={classes.detail}>{detail}</div>}
      </div>
      <DismissDialog
        title={dismissing === undefined ? undefined : `${dismissing.account.name}: ${dismissing.title}`}
        onClose={() => setDismissing(undefined)}
        onDismiss={(reason) => { if (dismissing !== undefined) commands.dismiss(dismissing, reason); }}
      />
      <KeyboardHelp opened={help} onClose={() => setHelp(false)} />
    </>
  );
}

function DetailPlaceholder({ error, loading, onRetry }: { error: unknown; loading: boolean; onRetry: () => void }) {
  return (
    <Panel>
      {error !== null ? <ProblemState error={error} onRetry={onRetry} />
        : loading ? <Rows count={8} />
          : <EmptyState title="Choose an alert">Its reasons, evidence and actions stand here.</EmptyState>}
    </Panel>
  );
}

function NothingHere({ view, onAll }: { view: InboxView; onAll: () => void }) {
  const filtered = view.severities.length > 0 || view.rule !== undefined || view.account !== undefined;
  const done = view.status === "open" && !filtered;
  return (
    <EmptyState
      title={done ? "Nothing is open" : "No alert fits these filters"}
      icon={<IconChecks size={28} stroke={1.4} color={done ? "var(--healthy)" : "var(--muted)"} aria-hidden />}
      action={view.scope === "mine" ? <Button variant="default" onClick={onAll}>Show everyone's</Button> : undefined}
    >
      {done ? "New alerts come as soon as a rule's conditions become true." : "Take a filter away, or look at another status."}
    </EmptyState>
  );
}
