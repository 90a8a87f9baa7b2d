/** What a user does with an alert: shown at once, sent with the version seen, taken back when refused. */
import { type InfiniteData, type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, idempotencyKey, unwrap, useApi } from "./client";
import { OwnChanges, patience } from "./ownChanges";
import type { AccountView, Alert, AlertPage, AlertPatch, FeedbackInput, Today } from "./types";
import { oneOf } from "~/lib/decode";
import { dismissReasons } from "~/lib/vocabulary";

const dismissValues = dismissReasons.map(({ value }) => value);

type Change = (alert: Alert) => Alert;

/** Changes one alert wherever the cache holds it. */
export function changeCached(cache: QueryClient, id: string, change: Change): void {
  const one = (alert: Alert) => (alert.id === id ? change(alert) : alert);
  cache.setQueryData<Alert>(["alert", id], (old) => old && change(old));
  cache.setQueriesData<InfiniteData<AlertPage>>({ queryKey: ["alerts"] }, (old) =>
    old && { ...old, pages: old.pages.map((page) => ({ ...page, data: page.data.map(one) })) });
  cache.setQueriesData<Today>({ queryKey: ["today"] }, (old) =>
    old && { ...old, items: old.items.map((item) => ({ ...item, alert: one(item.alert) })) });
  cache.setQueriesData<AccountView>({ predicate: ({ queryKey }) => queryKey[0] === "account" && queryKey[2] === "view" },
    (old) => old && { ...old, alerts: old.alerts.map(one) });
}

/** The alert as it will look once the API has agreed. */
export function foresee(alert: Alert, patch: AlertPatch): Alert {
  const assigned = { ...alert, assignee: patch.assignee ?? alert.assignee };
  if (patch.status === undefined || patch.status === null) return assigned;
  return {
    ...assigned,
    status: patch.status,
    snoozed_until: patch.status === "snoozed" ? (patch.snoozed_until ?? null) : null,
    dismiss_reason: patch.status === "dismissed" ? (oneOf(dismissValues, patch.reason) ?? null) : null,
  };
}

const changes = new OwnChanges<Alert>();

/** Sends changes one after the other, each with the version that one's change before has left. */
export function sendPatches(api: Api, alert: Alert, patches: readonly AlertPatch[]): Promise<Alert> {
  return changes.send(alert, patches.map((body) => (now) =>
    unwrap(api.PATCH("/v1/alerts/{id}", { params: { path: { id: now.id }, header: { "If-Match": now.etag } }, body, signal: patience() }))));
}

export interface PatchInput {
  alert: Alert;
  patches: readonly AlertPatch[];
}

export function usePatchAlert() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ alert, patches }: PatchInput) => sendPatches(api, alert, patches),
    onMutate: async ({ alert, patches }) => {
      await cache.cancelQueries({ queryKey: ["alerts"] });
      await cache.cancelQueries({ queryKey: ["alert", alert.id] });
      changeCached(cache, alert.id, (old) => patches.reduce(foresee, old));
    },
    onSuccess: (saved) => {
      changeCached(cache, saved.id, (old) => ({ ...saved, feedback: old.feedback, notifications: old.notifications }));
      void cache.invalidateQueries({ queryKey: ["alert", saved.id] });
      // The lists are asked again at the next visit: a row keeps its place until then, so that it can be undone.
      void cache.invalidateQueries({ queryKey: ["alerts"], refetchType: "none" });
      void cache.invalidateQueries({ queryKey: ["today"], refetchType: "none" });
    },
    onError: (_, { alert }) => {
      changeCached(cache, alert.id, () => alert);
      void cache.invalidateQueries({ queryKey: ["alert", alert.id] });
      void cache.invalidateQueries({ queryKey: ["alerts"] });
    },
  });
}

export function useRateAlert(alert: Alert) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: FeedbackInput) =>
      unwrap(api.POST("/v1/alerts/{id}/feedback", {
        params: { path: { id: alert.id }, header: idempotencyKey() }, body,
      })),
    onSuccess: (saved) => {
      changeCached(cache, alert.id, (old) => ({
        ...old,
        feedback: [...old.feedback.filter((row) => row.kind !== saved.kind || row.user !== saved.user), saved],
      }));
    },
  });
}
