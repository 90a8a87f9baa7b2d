import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { changeCached, usePatchAlert } from "~/api/alertActions";
import { restoring } from "~/api/alertMoves";
import { ApiError, describe } from "~/api/errors";
import type { Alert, AlertPatch, DismissReason } from "~/api/types";
import { day, person } from "~/lib/format";
import { dismissLabel } from "~/lib/vocabulary";

export interface AlertCommands {
  acknowledge: (alert: Alert) => void;
  snooze: (alert: Alert, until: string) => void;
  dismiss: (alert: Alert, reason: DismissReason) => void;
  reopen: (alert: Alert) => void;
  assign: (alert: Alert, assignee: string) => void;
}

export function reportFailure(error: unknown, doing: string): void {
  const { title, detail } = describe(error);
  notifications.show({ color: "red", title: `${doing}: ${title}`, message: detail, autoClose: 9000 });
}

/** The commands on an alert, each confirmed by a toast that can take it back. */
export function useAlertCommands(): AlertCommands {
  const { mutate } = usePatchAlert();
  const cache = useQueryClient();

  function run(alert: Alert, patches: readonly AlertPatch[], said: string, undo: readonly AlertPatch[]) {
    mutate({ alert, patches }, {
      onSuccess: (saved) => {
        const id = `${saved.id}-${saved.etag}`;
        notifications.show({
          id, autoClose: 7000, withCloseButton: true,
          message: (
            <Group justify="space-between" wrap="nowrap" gap="md">
              <Text size="sm">{said}</Text>
              {undo.length > 0 && (
                <Button
                  variant="light" size="compact-xs"
                  onClick={() => {
                    notifications.hide(id);
                    run(saved, undo, "Taken back", []);
                  }}
                >
                  Undo
                </Button>
              )}
            </Group>
          ),
        });
      },
      onError: (error) => {
        if (error instanceof ApiError && error.status === 412) {
          changeCached(cache, alert.id, () => alert);
          notifications.show({
            color: "yellow", title: "This alert has changed meanwhile", autoClose: 9000,
            message: "Someone else, or the scoring, was faster. The newest version is shown now: look again, then decide.",
          });
          return;
        }
        reportFailure(error, "Not saved");
      },
    });
  }

  const act = (alert: Alert, patch: AlertPatch, said: string) => run(alert, [patch], said, restoring(alert, patch));
  return {
    acknowledge: (alert) => act(alert, { status: "acknowledged" }, "Acknowledged"),
    snooze: (alert, until) => act(alert, { status: "snoozed", snoozed_until: until }, `Snoozed until ${day(until)}`),
    dismiss: (alert, reason) =>
      act(alert, { status: "dismissed", reason }, `Dismissed: ${(dismissLabel[reason] ?? reason).toLowerCase()}`),
    reopen: (alert) => act(alert, { status: "open" }, "Opened again"),
    assign: (alert, assignee) => act(alert, { assignee }, `Assigned to ${person(assignee)}`),
  };
}
