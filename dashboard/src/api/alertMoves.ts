/** What a change asks of an alert, whether it fits, and what takes it back. */
import type { Alert, AlertPatch } from "./types";

const closed = ({ status }: Alert) => status === "dismissed" || status === "resolved";

/** Why a change makes no sense for an alert as it stands; nothing when it does. */
export function refusal(alert: Alert, patch: AlertPatch): string | undefined {
  switch (patch.status) {
    case "acknowledged": return alert.status === "open" ? undefined : `It is ${alert.status} already`;
    case "open": return alert.status === "open" ? "It is open already" : undefined;
    case "snoozed":
    case "dismissed": return closed(alert) ? `It is ${alert.status} already` : undefined;
    default: return patch.assignee === alert.assignee ? "It is theirs already" : undefined;
  }
}

/** The changes that bring an alert back to how it stood before; none where the API has no way back. */
export function restoring(before: Alert, patch: AlertPatch): AlertPatch[] {
  if (patch.status === undefined || patch.status === null) return before.assignee === null ? [] : [{ assignee: before.assignee }];
  if (patch.status === "open") return [];
  const opened: AlertPatch = { status: "open" };
  if (before.status === "acknowledged") return [opened, { status: "acknowledged" }];
  if (before.status === "snoozed" && before.snoozed_until !== null) return [opened, { status: "snoozed", snoozed_until: before.snoozed_until }];
  return [opened];
}
