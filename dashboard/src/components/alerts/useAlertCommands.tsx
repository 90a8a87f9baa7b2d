import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { changeCached, usePatchAlert } from "~/api/alertActions";
import { ApiError, describe } from "~/api/errors";
import type { Alert, AlertPatch, DismissReason } from "~/api/types";
import { day } from "~/lib/format";
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

  function run(alert: Alert, patch: AlertPatch, said: string, undo: boolean) {
    mutate({ alert, patch }, {
      onSuccess: (saved) => {
        const id = `${saved.id}-${saved.etag}`;
        notifications.show({
          id, autoClose: 7000, withCloseButton: true,
          message: (
            <Group justify="space-between" wrap="nowrap" gap="md">
              <Text size="sm">{said}</Text>
              {undo && (
                <Button
                  variant="light" size="compact-xs"
                  onClick={() => {
                    notifications.hide(id);
                    run(saved, { status: "open" }, "Opened again", false);
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

  return {
    acknowledge: (alert) => run(alert, { status: "acknowledged" }, "Acknowledged", true),
    snooze: (alert, until) => run(alert, { status: "snoozed", snoozed_until: until }, `Snoozed until ${day(until)}`, true),
    dismiss: (alert, reason) =>
      run(alert, { status: "dismissed", reason }, `Dismissed: ${(dismissLabel[reason] ?? reason).toLowerCase()}`, true),
    reopen: (alert) => run(alert, { status: "open" }, "Opened again", false),
    assign: (alert, assignee) => run(alert, { assignee }, "Assigned", false),
  };
}
