/** The calls of the API that the dashboard makes, in the form that openapi-fetch reads. */
import type {
  AccountCard, AccountView, Alert, AlertPatch, Assessment, Delivery, Duplicate, Explain, FactRow, Feedback,
  FeedbackInput, Health, HistoryDay, Import, ImportCreated, ImportKind, ImportPreview, Integration, Me, Page,
  Prediction, Problem, Rule, Settings, TimelineItem, Today, UsageDay,
} from "./types";

type Json<T> = { headers: Record<string, unknown>; content: { "application/json": T } };
type Answers<T> = {
  200: Json<T>;
  default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
};
type Query<Q> = { query?: Q; header?: never; path?: never; cookie?: never };
type Id<Q = never> = { query?: Q; header?: never; path: { id: string }; cookie?: never };
type Read<T, P> = { parameters: P; requestBody?: never; responses: Answers<T> };
type Write<B, T, P> = { parameters: P; requestBody: { content: { "application/json": B } }; responses: Answers<T> };
type Paged = { limit?: number; cursor?: string };
type Keyed = { query?: never; header?: { "Idempotency-Key"?: string }; path?: never; cookie?: never };
type KeyedId = { query?: never; header?: { "Idempotency-Key"?: string }; path: { id: string }; cookie?: never };

export interface AccountsQuery extends Paged {
  sort?: string;
  "filter[owner][eq]"?: string; "filter[band][eq]"?: string; "filter[name][prefix]"?: string;
  "filter[stage][eq]"?: string; "filter[touch][eq]"?: string; "filter[arr_minor][gte]"?: number;
}
export interface AlertsQuery extends Paged {
  sort?: string;
  "filter[status][eq]"?: string; "filter[severity][in]"?: string; "filter[assignee][eq]"?: string;
  "filter[rule][eq]"?: string; "filter[account][eq]"?: string;
}

export interface paths {
  "/v1/me": { get: Read<Me, Query<never>> };
  "/v1/today": { get: Read<Today, Query<{ scope?: "mine" | "all" }>> };
  "/v1/accounts": { get: Read<Page<AccountCard>, Query<AccountsQuery>> };
  "/v1/accounts/{id}": { get: Read<AccountView, Id> };
  "/v1/accounts/{id}/health": { get: Read<Health, Id> };
  "/v1/accounts/{id}/history": { get: Read<{ data: HistoryDay[] }, Id<{ from?: string; to?: string }>> };
  "/v1/accounts/{id}/explain": { get: Read<Explain, Id<{ at?: string; compare?: string }>> };
  "/v1/accounts/{id}/predictions": { get: Read<{ data: Prediction[] }, Id> };
  "/v1/accounts/{id}/timeline": { get: Read<Page<TimelineItem>, Id<Paged & { kind?: string }>> };
  "/v1/accounts/{id}/facts": { get: Read<Page<FactRow>, Id<Paged & { kind?: string }>> };
  "/v1/accounts/{id}/usage": { get: Read<{ data: UsageDay[] }, Id<{ days?: number }>> };
  "/v1/accounts/{id}/score": { post: Read<Assessment, KeyedId> };
  "/v1/accounts/{id}/notes": { post: Write<{ text: string }, unknown, KeyedId> };
  "/v1/accounts/{id}/pulse": { post: Write<{ pulse: number; reason: string }, unknown, KeyedId> };
  "/v1/alerts": { get: Read<Page<Alert>, Query<AlertsQuery>> };
  "/v1/alerts/{id}": {
    get: Read<Alert, Id>;
    patch: Write<AlertPatch, Alert, { query?: never; header: { "If-Match": string }; path: { id: string } }>;
  };
  "/v1/alerts/{id}/feedback": { post: Write<FeedbackInput, Feedback, KeyedId> };
  "/v1/rules": { get: Read<{ data: Rule[] }, Query<never>> };
  "/v1/integrations": { get: Read<{ data: Integration[] }, Query<never>> };
  "/v1/integrations/{source}/deliveries": {
    get: Read<Page<Delivery>, { query?: Paged; header?: never; path: { source: string } }>;
  };
  "/v1/duplicates": { get: Read<{ data: Duplicate[] }, Query<never>> };
  "/v1/imports": {
    get: Read<Page<Import>, Query<Paged>>;
    post: Write<{ kind: ImportKind; filename: string; size_bytes: number; source?: string }, ImportCreated, Keyed>;
  };
  "/v1/imports/{id}": { get: Read<Import, Id> };
  "/v1/imports/{id}/preview": { get: Read<ImportPreview, Id> };
  "/v1/imports/{id}/start": {
    post: Write<{ mapping: Record<string, string | null>; dry_run: boolean }, Import, KeyedId>;
  };
  "/v1/settings": { get: Read<Settings, Query<never>>; patch: Write<Partial<Settings>, Settings, Query<never>> };
}
