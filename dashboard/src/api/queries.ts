/** Every read of the API, as query options with one place for the cache's keys; those of products stand in products.ts. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { type Api, unwrap } from "./client";
import { isUnderWay } from "~/lib/learnt";
import type { AccountsQuery, AlertsQuery, LearntModel } from "./types";

const at = (id: string) => ({ params: { path: { id } } });

export const meQuery = (api: Api) =>
  queryOptions({
    queryKey: ["me"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/me", { signal })),
    staleTime: 5 * 60_000,
  });

export const todayQuery = (api: Api, scope: "mine" | "all") =>
  queryOptions({
    queryKey: ["today", scope],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/today", { params: { query: { scope } }, signal })),
  });

export const accountsQuery = (api: Api, query: AccountsQuery) =>
  infiniteQueryOptions({
    queryKey: ["accounts", query],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/v1/accounts", { params: { query: { ...query, ...cursorOf(pageParam) } }, signal })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    staleTime: 60_000,
  });

/** Accounts whose name begins with `prefix`, for the command palette. */
export const accountSearchQuery = (api: Api, prefix: string) =>
  queryOptions({
    queryKey: ["account-search", prefix],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/v1/accounts", {
        params: { query: { "filter[name][prefix]": prefix, sort: "name", limit: 8 } }, signal,
      })),
    enabled: prefix !== "",
    staleTime: 30_000,
  });

export const accountQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["account", id, "view"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/accounts/{id}", { ...at(id), signal })),
  });

export const historyQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["account", id, "history"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/accounts/{id}/history", { ...at(id), signal })),
  });

export const rollupQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["account", id, "rollup"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/accounts/{id}/rollup", { ...at(id), signal })),
  });

export const explainQuery = (api: Api, id: string, compare: string, to: string) =>
  queryOptions({
    queryKey: ["account", id, "explain", compare, to],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/v1/accounts/{id}/explain", { params: { path: { id }, query: { at: to, compare } }, signal })),
    enabled: compare !== "" && to !== "" && compare !== to,
  });

export const predictionsQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["account", id, "predictions"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/accounts/{id}/predictions", { ...at(id), signal })),
  });

export const timelineQuery = (api: Api, id: string, kind: string, negative: boolean) =>
  infiniteQueryOptions({
    queryKey: ["account", id, "timeline", kind, negative],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/v1/accounts/{id}/timeline", {
        params: { path: { id }, query: { limit: 50, ...(kind === "" ? {} : { kind }), ...(negative ? { tone: "negative" } : {}), ...cursorOf(pageParam) } }, signal,
      })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
  });

/** The newest tickets of negative tone. */
export const negativeTextsQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["account", id, "timeline", "negative"],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/v1/accounts/{id}/timeline", { params: { path: { id }, query: { kind: "ticket", tone: "negative", limit: 50 } }, signal })),
  });

export const factsQuery = (api: Api, id: string, kind: string) =>
  infiniteQueryOptions({
    queryKey: ["account", id, "facts", kind],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/v1/accounts/{id}/facts", {
        params: { path: { id }, query: { kind, limit: 50, ...cursorOf(pageParam) } }, signal,
      })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
  });

export const usageQuery = (api: Api, id: string, days: number) =>
  queryOptions({
    queryKey: ["account", id, "usage", days],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/v1/accounts/{id}/usage", { params: { path: { id }, query: { days } }, signal })),
  });

export const usageOutlookQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["account", id, "usage-outlook"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/accounts/{id}/usage-outlook", { params: { path: { id } }, signal })),
  });

export const alertsQuery = (api: Api, query: AlertsQuery) =>
  infiniteQueryOptions({
    queryKey: ["alerts", query],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/v1/alerts", { params: { query: { ...query, limit: 50, ...cursorOf(pageParam) } }, signal })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
  });

export const alertQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["alert", id],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/alerts/{id}", { ...at(id), signal })),
    enabled: id !== "",
  });

export const rulesQuery = (api: Api) =>
  queryOptions({
    queryKey: ["rules"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/rules", { signal })),
    staleTime: 5 * 60_000,
  });

export type PredictionKind = "churn" | "downgrade" | "payment" | "expansion" | "revenue";
export type PredictionMethod = "rules" | "model" | "shadow";
export type MissKind = "missed" | "false_alarm";

export const accuracyQuery = (api: Api, kind: PredictionKind) =>
  queryOptions({
    queryKey: ["accuracy", kind],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/accuracy", { params: { query: { kind } }, signal })),
  });

export const missesQuery = (api: Api, kind: PredictionKind, method: PredictionMethod, which: MissKind) =>
  infiniteQueryOptions({
    queryKey: ["accuracy", kind, "misses", method, which],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/v1/accuracy/misses", { params: { query: { kind, method, which, limit: 20, ...cursorOf(pageParam) } }, signal })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
  });

export const thresholdsQuery = (api: Api, kind: PredictionKind, perWeek: number) =>
  queryOptions({
    queryKey: ["accuracy", kind, "thresholds", perWeek],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/accuracy/thresholds", { params: { query: { kind, per_week: perWeek } }, signal })),
    enabled: perWeek > 0,
  });

export const playbooksQuery = (api: Api) =>
  queryOptions({
    queryKey: ["playbooks"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/playbooks", { signal })),
    staleTime: 60 * 60_000,
  });

export const integrationsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["integrations"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/integrations", { signal })),
    refetchInterval: 30_000,
  });

export const deliveriesQuery = (api: Api, source: string) =>
  infiniteQueryOptions({
    queryKey: ["deliveries", source],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/v1/integrations/{source}/deliveries", {
        params: { path: { source }, query: { limit: 50, ...cursorOf(pageParam) } }, signal,
      })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    enabled: source !== "",
  });

export const webhooksQuery = (api: Api) =>
  queryOptions({
    queryKey: ["webhooks"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/webhooks", { signal })),
  });

export const webhookLogQuery = (api: Api, id: string) =>
  infiniteQueryOptions({
    queryKey: ["webhook-log", id],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/v1/webhooks/{id}/deliveries", { params: { path: { id }, query: { limit: 50, ...cursorOf(pageParam) } }, signal })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
  });

export const duplicatesQuery = (api: Api) =>
  queryOptions({
    queryKey: ["duplicates"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/duplicates", { signal })),
  });

export const importsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["imports"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/imports", { params: { query: { limit: 20 } }, signal })),
  });

const MOVING = ["awaiting_upload", "queued", "running"];

/** One import; asked again every second while it moves. */
export const importQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["import", id],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/imports/{id}", { ...at(id), signal })),
    enabled: id !== "",
    refetchInterval: (query) => (MOVING.includes(query.state.data?.status ?? "") ? 1000 : false),
  });

export const importPreviewQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["import-preview", id],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/imports/{id}/preview", { ...at(id), signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const messagesQuery = (api: Api) =>
  infiniteQueryOptions({
    queryKey: ["messages"],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/v1/notifications", { params: { query: { limit: 50, ...cursorOf(pageParam) } }, signal })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
  });

export const settingsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["settings"],
    queryFn: async ({ signal }) => {
      const call = api.GET("/v1/settings", { signal });
      const settings = await unwrap(call);
      return { settings, etag: (await call).response.headers.get("etag") ?? "*" };
    },
  });

/** The draft of the health profiles; without one, what scores go by. */
export const profileDraftQuery = (api: Api) =>
  queryOptions({
    queryKey: ["profiles", "draft"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/profiles/draft", { signal })),
  });

export const profileVersionsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["profiles", "versions"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/profiles/versions", { signal })),
  });

export const profileVersionQuery = (api: Api, version: number) =>
  queryOptions({
    queryKey: ["profiles", "version", version],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/profiles/versions/{version}", { params: { path: { version } }, signal })),
    enabled: version > 0,
  });

export const profileCatalogueQuery = (api: Api) =>
  queryOptions({
    queryKey: ["profile-catalogue"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/profiles/catalogue", { signal })),
    staleTime: 60 * 60_000,
  });

/** Learnt models by kind; asked again every three seconds while one is in training. */
export const modelsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["models"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/models", { signal })),
    refetchInterval: (query) => (query.state.data?.data.some(({ last_run: run }) => isUnderWay(run, Date.now())) === true ? 3000 : false),
  });

export const toneModelQuery = (api: Api) =>
  queryOptions({
    queryKey: ["tone-model"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/tone-model", { signal })),
    refetchInterval: (query) => (isUnderWay(query.state.data?.last_run ?? null, Date.now()) ? 3000 : false),
  });

/** Whether the models of a kind still meet what they learnt, as the newest night found. */
export const monitoringQuery = (api: Api, kind: LearntModel["kind"]) =>
  queryOptions({
    queryKey: ["models", kind, "monitoring"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/models/{kind}/monitoring", { params: { path: { kind } }, signal })),
  });

/** Backtests, the newest first; asked again every three seconds while one is under way. */
export const backtestsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["backtests"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/backtests", { signal })),
    refetchInterval: (query) => (query.state.data?.data.some((row) => isUnderWay(row, Date.now())) === true ? 3000 : false),
  });

/** A backtest with what came of it; asked again every two seconds while it is under way. */
export const backtestQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["backtests", id],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/backtests/{id}", { params: { path: { id } }, signal })),
    refetchInterval: (query) => (isUnderWay(query.state.data?.backtest ?? null, Date.now()) ? 2000 : false),
  });

export function cursorOf(page: string): { cursor?: string } {
  return page === "" ? {} : { cursor: page };
}

/** Every alert that an account ever had, for the marks of its history. */
export const accountAlertsQuery = (api: Api, account: string) =>
  queryOptions({
    queryKey: ["account", account, "alerts"],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/v1/alerts", {
        params: { query: { "filter[account][eq]": account, "filter[status][eq]": "all", sort: "-opened_at", limit: 100 } },
        signal,
      })),
  });
