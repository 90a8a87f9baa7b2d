import { Button, Checkbox, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconChecklist } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { useApi } from "~/api/client";
import { accountQuery, meQuery } from "~/api/queries";
import { tasksQuery, usePatchTask } from "~/api/tasks";
import type { Task, TodayItem } from "~/api/types";
import { useRows } from "~/api/useRows";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { useNow } from "~/components/clock";
import { Panel } from "~/components/Panel";
import { EmptyState, LookingFurther, ProblemState, Rows } from "~/components/States";
import { day, integer, person } from "~/lib/format";
import { paths } from "~/lib/paths";
import { dayOf, daysUntil, dueWords, isNear } from "~/lib/tasks";
import classes from "./Today.module.css";

interface TasksProps {
  scope: "mine" | "all";
  /** The things to do beside the list: they know the names of their accounts already. */
  items: readonly TodayItem[];
}

/** Open tasks by due day: those that are overdue or due within a week, the others on demand. */
export function Tasks({ scope, items }: TasksProps) {
  const api = useApi();
  const me = useQuery(meQuery(api)).data;
  const query = useInfiniteQuery(tasksQuery(api, scope));
  const { rows, looking, retry } = useRows(query);
  const [all, setAll] = useState(false);
  const mark = useMarkDone();
  const today = dayOf(useNow(), me?.zone ?? "UTC");
  const near = rows.filter(({ due_on: due }) => isNear(due, today));
  const later = rows.length - near.length;
  const nameOf = (id: string | null) => items.find(({ account }) => account.id === id)?.account.name;
  return (
    <Panel flush title="Tasks due" hint="Overdue and within 7 days">
      {query.isError && rows.length === 0 ? <ProblemState error={query.error} onRetry={retry} />
        : query.isPending ? <Rows count={3} /> : looking ? <LookingFurther />
          : rows.length === 0 ? (
            <EmptyState title="No open tasks" icon={<IconChecklist size={26} stroke={1.4} color="var(--muted)" aria-hidden />}>
              Make one of any alert on the left by “Task”.
            </EmptyState>
          ) : (
            <>
              {near.length === 0 && !all && <Text p="md" size="sm" c="dimmed">Nothing is due within 7 days.</Text>}
              <ul className={classes.list} aria-label="Tasks">
                {(all ? rows : near).map((task) => (
                  <TaskRow
                    key={task.id} task={task} today={today} name={nameOf(task.account)} showOwner={scope === "all"}
                    readOnly={me?.role === "viewer"} onMark={(done) => mark(task, done)}
                  />
                ))}
              </ul>
              {(later > 0 || query.hasNextPage) && (
                <Group justify="center" p="xs" gap="xs">
                  {later > 0 && (
                    <Button variant="subtle" size="compact-xs" aria-expanded={all} onClick={() => setAll(!all)}>
                      {all ? "Only those due soon" : `Show ${integer(later)} later or without a day`}
                    </Button>
                  )}
                  {query.hasNextPage && (all || later === 0) && (
                    <Button variant="subtle" size="compact-xs" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Load more</Button>
                  )}
                </Group>
              )}
            </>
          )}
    </Panel>
  );
}

interface TaskRowProps {
  task: Task;
  today: string;
  name: string | undefined;
  showOwner: boolean;
  readOnly: boolean;
  onMark: (done: boolean) => void;
}

function TaskRow({ task, today, name, showOwner, readOnly, onMark }: TaskRowProps) {
  const done = task.status === "done";
  const late = task.due_on !== null && !done && daysUntil(task.due_on, today) < 0;
  return (
    <li className={classes.task} data-done={done}>
      <Checkbox size="sm" mt={1} checked={done} disabled={readOnly} aria-label={`Done: ${task.title}`} onChange={() => onMark(!done)} />
      <div>
        <Text size="sm" className={classes.what} title={task.note ?? undefined}>{task.title}</Text>
        <div className={classes.due}>
          <span className={late ? classes.late : undefined} title={day(task.due_on)}>{dueWords(task.due_on, today)}</span>
          {task.account !== null && <AccountLink id={task.account} name={name} />}
          {task.alert !== null && <Link to={paths.alert(task.alert)}>Alert</Link>}
          {showOwner && <span>{person(task.owner)}</span>}
        </div>
      </div>
    </li>
  );
}

function AccountLink({ id, name }: { id: string; name: string | undefined }) {
  const found = useQuery({ ...accountQuery(useApi(), id), enabled: name === undefined, staleTime: 5 * 60_000 });
  return <Link to={paths.account(id)}>{name ?? found.data?.account.name ?? "Account"}</Link>;
}

/** Marks a task as done, with a toast that takes it back. */
function useMarkDone(): (task: Task, done: boolean) => void {
  const { mutate } = usePatchTask();
  return function mark(task, done) {
    mutate({ task, patch: { status: done ? "done" : "open" } }, {
      onSuccess: (saved) => {
        const id = `${saved.id}-${saved.etag}`;
        notifications.show({
          id, autoClose: 7000, withCloseButton: true,
          message: (
            <Group justify="space-between" wrap="nowrap" gap="md">
              <Text size="sm">{done ? "Task done" : "Task open again"}</Text>
              {done && <Button variant="light" size="compact-xs" onClick={() => { notifications.hide(id); mark(saved, false); }}>Undo</Button>}
            </Group>
          ),
        });
      },
      onError: (error) => reportFailure(error, "Not saved"),
    });
  };
}
