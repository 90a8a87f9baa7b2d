/** The inbox's filters as they stand in the address. */
import type { AlertsQuery } from "~/api/types";
import { oneOf } from "~/lib/decode";
import { ALERT_STATUSES, SEVERITIES } from "~/lib/vocabulary";

export interface InboxView {
  status: (typeof ALERT_STATUSES)[number];
  scope: "mine" | "all";
  severities: readonly (typeof SEVERITIES)[number][];
  rule: string | undefined;
  account: string | undefined;
  newest: boolean;
}

export function readInbox(params: URLSearchParams, usualScope: "mine" | "all"): InboxView {
  return {
    status: oneOf(ALERT_STATUSES, params.get("status")) ?? "open",
    scope: oneOf(["mine", "all"] as const, params.get("scope")) ?? (params.has("account") ? "all" : usualScope),
    severities: (params.get("severity") ?? "").split(",").map((s) => oneOf(SEVERITIES, s)).filter((s) => s !== undefined),
    rule: params.get("rule") ?? undefined,
    account: params.get("account") ?? undefined,
    newest: params.get("sort") === "newest",
  };
}

export function writeInbox(view: InboxView, usualScope: "mine" | "all"): URLSearchParams {
  const params = new URLSearchParams();
  if (view.status !== "open") params.set("status", view.status);
  if (view.scope !== usualScope) params.set("scope", view.scope);
  if (view.severities.length > 0) params.set("severity", view.severities.join(","));
  if (view.rule !== undefined) params.set("rule", view.rule);
  if (view.account !== undefined) params.set("account", view.account);
  if (view.newest) params.set("sort", "newest");
  return params;
}

/** What an order that is not complete was made of: the API sorts by age what is most urgent, and an account's by urgency what is newest. */
export function sortedNote(view: InboxView): string {
  if (view.account !== undefined) return "Only the 2,000 newest alerts of this account are sorted here.";
  return `Only the 2,000 most urgent alerts${view.status === "all" ? " of each status" : ""} are sorted here.`;
}

export function inboxQuery(view: InboxView): AlertsQuery {
  return {
    sort: view.newest ? "-opened_at" : "-priority",
    "filter[status][eq]": view.status,
    ...(view.scope === "mine" ? { "filter[assignee][eq]": "me" } : {}),
    ...(view.severities.length === 0 ? {} : { "filter[severity][in]": view.severities.join(",") }),
    ...(view.rule === undefined ? {} : { "filter[rule][eq]": view.rule }),
    ...(view.account === undefined ? {} : { "filter[account][eq]": view.account }),
  };
}
