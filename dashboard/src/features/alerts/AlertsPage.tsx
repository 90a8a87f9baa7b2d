import { Button, Kbd, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowLeft, IconChecks, IconKeyboard } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useLocation, useNavigate, useParams, useSearchParams } from "react-router";
import { useApi } from "~/api/client";
import { alertQuery, alertsQuery, meQuery, rulesQuery } from "~/api/queries";
import { useBulkAlerts } from "~/api/bulkAlerts";
import type { Alert, AlertPatch } from "~/api/types";
import { useRows } from "~/api/useRows";
import { DismissDialog } from "~/components/alerts/DismissDialog";
import { useAlertCommands } from "~/components/alerts/useAlertCommands";
import { PageHead, Panel } from "~/components/Panel";
import { EmptyState, LookingFurther, ProblemState, Rows } from "~/components/States";
import { day, person } from "~/lib/format";
import { paths } from "~/lib/paths";
import { Aim, stepOf } from "./aim";
import { AlertDetail } from "./AlertDetail";
import { AlertFilters } from "./AlertFilters";
import { AlertList } from "./AlertList";
import classes from "./Alerts.module.css";
import { BulkBar } from "./BulkBar";
import { BulkResult } from "./BulkResult";
import { KeyboardHelp } from "./KeyboardHelp";
import type { Handover, ManyCommands } from "./types";
import { useSelection } from "./useSelection";
import { useTriageKeys } from "./useTriageKeys";
import { type InboxView, inboxQuery, readInbox, sortedNote, writeInbox } from "./view";

const isLive = ({ status }: Alert) => status !== "dismissed" && status !== "resolved";

/** The inbox: read why, then acknowledge, snooze, dismiss or rate, by mouse or by keyboard. */
export function AlertsPage() {
  const api = useApi();
  const navigate = useNavigate();
  const location = useLocation();
  const [params, setParams] = useSearchParams();
  const { id = "" } = useParams();
  const me = useQuery(meQuery(api));
  const usual = me.data?.role === "csm" ? "mine" : "all";
  const view = useMemo(() => readInbox(params, usual), [params, usual]);
  const list = useInfiniteQuery({ ...alertsQuery(api, inboxQuery(view)), enabled: me.data !== undefined });
  const rules = useQuery(rulesQuery(api));
  const { rows, looking, retry } = useRows(list);
  const partial = list.data?.pages.some(({ complete }) => !complete) ?? false;
  const narrow = useMediaQuery("(max-width: 62em)") ?? false;
  const target = id !== "" || narrow ? id : (rows[0]?.id ?? "");
  // The list's row is shown at once; ratings and messages come with the alert itself.
  const row = rows.find((found) => found.id === target);
  const linked = useQuery({ ...alertQuery(api, target), placeholderData: row });
  const alert = linked.data ?? row;
  const commands = useAlertCommands();
  const bulk = useBulkAlerts();
  const selection = useSelection(rows);
  const [dismissing, setDismissing] = useState<readonly Alert[]>([]);
  const [menu, setMenu] = useState<"snooze" | "assign">();
  const [help, setHelp] = useState(false);
  const readOnly = me.data?.role === "viewer";

  const change = (next: Partial<InboxView>) => {
    selection.keep([]);
    bulk.close();
    void navigate({ pathname: paths.alerts, search: `?${writeInbox({ ...view, ...next }, usual)}` }, { replace: true });
  };
  const [aim] = useState(() => new Aim<string | undefined>());
  const drawn = { key: location.key, step: stepOf(location.state) };
  const current = () => {
    const aimed = aim.current(drawn, alert?.id);
    return aimed === alert?.id ? alert : rows.find((found) => found.id === aimed);
  };
  const choose = (next: Alert | undefined) => {
    if (next === undefined) return;
    const state = aim.step(drawn, next.id);
    void navigate({ pathname: paths.alert(next.id), search: `?${params}` }, { replace: true, state });
  };
  const move = (by: number) => {
    const from = current();
    const at = rows.findIndex((found) => found.id === from?.id);
    choose(rows[Math.min(rows.length - 1, Math.max(0, at + by))]);
  };
  // On a narrow screen the list is not in sight beside an alert: there the commands act on the alert that is.
  const many = narrow && id !== "" ? [] : selection.chosen;
  const runMany = async (alerts: readonly Alert[], patch: AlertPatch, said: string) => {
    if (bulk.progress !== undefined) return;
    const { failed } = await bulk.run(alerts, patch, said);
    selection.keep(failed.map((left) => left.alert.id));
  };
  const all: ManyCommands = {
    acknowledge: () => void runMany(many, { status: "acknowledged" }, "acknowledged"),
    snooze: (until) => void runMany(many, { status: "snoozed", snoozed_until: until }, `snoozed until ${day(until)}`),
    assign: (email) => void runMany(many, { assignee: email }, `assigned to ${person(email)}`),
  };
  const people = useMemo(() => peopleIn(rows), [rows]);
  const handover = (here: boolean): Handover => ({
    people, me: me.data?.email ?? null, opened: here && menu === "assign", onOpened: (opened) => setMenu(opened ? "assign" : undefined),
  });
  const snoozing = (here: boolean) => ({ snoozing: here && menu === "snooze", onSnoozing: (opened: boolean) => setMenu(opened ? "snooze" : undefined) });
  /** Runs a command on the chosen alerts, else on the one in sight, where it fits. */
  const act = (onMany: () => void, onOne: (one: Alert) => void, fits: (one: Alert) => boolean = () => true) => {
    const one = current();
    if (readOnly) return;
    if (many.length > 0) onMany();
    else if (one !== undefined && fits(one)) onOne(one);
  };
  const pick = (range: boolean) => {
    const one = current();
    if (one !== undefined && !readOnly) selection.pick(one.id, range);
  };
  useTriageKeys({
    enabled: dismissing.length === 0 && !help,
    next: () => move(1),
    previous: () => move(-1),
    acknowledge: () => act(all.acknowledge, commands.acknowledge, ({ status }) => status === "open"),
    snooze: () => act(() => setMenu("snooze"), () => setMenu("snooze"), isLive),
    dismiss: () => act(() => setDismissing(many), (one) => setDismissing([one]), isLive),
    assign: () => act(() => setMenu("assign"), () => setMenu("assign")),
    rate: () => document.querySelector<HTMLElement>("#rate button")?.focus(),
    reopen: () => act(() => void runMany(many, { status: "open" }, "opened again"), commands.reopen, ({ status }) => status !== "open"),
    account: () => {
      const one = current();
      if (one !== undefined) void navigate(paths.account(one.account.id));
    },
    toggle: () => pick(false),
    range: () => pick(true),
    clear: () => selection.keep([]),
    help: () => setHelp(true),
  });

  const detail = alert === undefined ? (
    <DetailPlaceholder error={linked.error} loading={linked.isFetching || list.isPending} onRetry={() => void linked.refetch()} />
  ) : (
    <AlertDetail
      key={alert.id} alert={alert} readOnly={readOnly} commands={commands} onDismiss={() => setDismissing([alert])}
      handover={handover(many.length === 0)} {...snoozing(many.length === 0)}
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
            {partial && <Text size="xs" c="dimmed" role="note" className={classes.note}>{sortedNote(view)}</Text>}
            {list.isError && rows.length === 0 ? <ProblemState error={list.error} onRetry={retry} />
              : list.isPending ? <Rows count={10} height={34} /> : looking ? <LookingFurther />
                : rows.length === 0 ? <NothingHere view={view} onAll={() => change({ scope: "all" })} />
                  : (
                    <>
                      {!readOnly && (
                        <BulkBar
                          count={selection.chosen.length} of={rows.length} hasMore={list.hasNextPage} progress={bulk.progress} commands={all}
                          handover={handover(many.length > 0)} {...snoozing(many.length > 0)} onDismiss={() => setDismissing(many)}
                          onAll={() => selection.keep(rows.map((found) => found.id))} onNone={() => selection.keep([])}
                        />
                      )}
                      {bulk.outcome !== undefined && <BulkResult outcome={bulk.outcome} search={`?${params}`} onUndo={bulk.undo} onClose={bulk.close} />}
                      <AlertList
                        rows={rows} chosen={alert?.id} onChoose={choose} onMore={() => void list.fetchNextPage()}
                        hasMore={list.hasNextPage} loadingMore={list.isFetchingNextPage} failedMore={list.isError}
                        selection={readOnly ? undefined : selection}
                      />
                    </>
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
        title={titleOf(dismissing)} {...(dismissing.length > 1 ? { heading: `Dismiss ${dismissing.length} alerts` } : {})}
        onClose={() => setDismissing([])}
        onDismiss={(reason) => {
          const [first, ...others] = dismissing;
          if (others.length > 0) void runMany(dismissing, { status: "dismissed", reason }, "dismissed");
          else if (first !== undefined) commands.dismiss(first, reason);
        }}
      />
      <KeyboardHelp opened={help} onClose={() => setHelp(false)} />
    </>
  );
}

/** Whom the alerts of the list are assigned to, or whose accounts they are of. */
function peopleIn(rows: readonly Alert[]): string[] {
  const found = new Set<string>();
  for (const { assignee, account } of rows) {
    for (const email of [assignee, account.owner]) if (email !== null) found.add(email);
  }
  return [...found].toSorted();
}

function titleOf([only, ...others]: readonly Alert[]): string | undefined {
  if (only === undefined) return undefined;
  return others.length === 0 ? `${only.account.name}: ${only.title}` : `${others.length + 1} alerts of the list`;
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
