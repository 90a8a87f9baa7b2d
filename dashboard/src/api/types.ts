/** The shapes of the API, by the names that the screens use. */

export type Band = "healthy" | "watch" | "at_risk" | "critical" | "insufficient_data" | "onboarding";
export type Severity = "low" | "medium" | "high" | "critical";
export type AlertStatus = "open" | "acknowledged" | "snoozed" | "resolved" | "dismissed";
export type DismissReason = "wrong_data" | "known" | "not_actionable" | "already_handled";
export type FeedbackKind = "accuracy" | "relevance" | "priority";
export type ImportKind =
  | "accounts" | "contacts" | "subscriptions" | "invoices" | "tickets"
  | "activities" | "surveys" | "outcomes" | "events";
export type ImportStatus =
  | "awaiting_upload" | "uploaded" | "queued" | "running" | "succeeded" | "succeeded_with_errors" | "failed";

export interface Money { amount_minor: number; currency: string }
export interface Page<T> { data: T[]; next: string | null; total?: number | null }

export interface FieldError { field?: string | null; code: string; detail: string }
export interface Problem {
  type: string; title: string; status: number; detail?: string | null;
  code: string; trace_id?: string | null; errors?: FieldError[];
}

export interface Me {
  user: string; email: string; tenant: string; tenant_name: string;
  role: "admin" | "lead" | "csm" | "viewer"; scopes: string[];
  as_of: string | null; now: string; zone: string;
}

export interface SparkPoint { day: string; score: number }
export interface TopAlert { id: string; severity: Severity; title: string }
export interface AccountCard {
  id: string; external_id: string; name: string; domain: string | null; owner: string | null;
  stage: string | null; touch: string | null; segment: string | null;
  arr: Money | null; mrr: Money | null; renewal_date: string | null; days_to_renewal: number | null;
  score: number | null; band: Band; coverage: number; spark: SparkPoint[];
  delta_7d: number | null; delta_30d: number | null;
  churn_probability: number | null; churn_method: "rules" | "model" | null;
  open_alerts: number; top_alert: TopAlert | null; priority: number;
  last_touch_at: string | null; pulse: number | null; top_reason: string | null; computed_at: string | null;
}

export interface Identity { source: string; id: string }
export interface ProfileRef { id: string; name: string; version?: number; why: string }
export interface AccountDetail extends AccountCard {
  industry: string | null; country: string | null; employees: number | null; plan: string | null;
  seats: number | null; contract_start: string | null; cancel_notice_at: string | null;
  custom: Record<string, unknown>; identities: Identity[]; profile: ProfileRef | null;
}
export interface NextAction { title: string; reason: string; playbook: string | null; alert: string | null }
export interface AccountView {
  account: AccountDetail; assessment: Assessment | null; alerts: Alert[]; next_actions: NextAction[];
}

export type Group = "usage" | "engagement" | "support" | "sentiment" | "payment";
export interface Measure {
  id: string; name: string; group: Group; value: number | null; unit: string; text: string;
  green: number; red: number; weight: number; base_weight: number; score: number | null;
  points_lost: number; points_kept: number; state: "ok" | "missing" | "stale" | "off"; fact_at: string | null;
}
export interface Cap { id: string; reason: string; limit: number; points_lost: number }
export interface Trend { d7: number | null; d30: number | null; d90: number | null }
export interface Health {
  score: number | null; score_unit: number | null; raw_score: number | null; band: Band; previous_band: Band | null;
  coverage: number; subscores: Record<Group, number | null>; measures: Measure[]; caps: Cap[]; trend: Trend;
}
export interface Factor {
  name: string; text: string; value: number | null; contribution: number; direction: "raises" | "lowers";
}
export interface Prediction {
  kind: "churn" | "downgrade" | "payment"; probability: number; confidence: number;
  confidence_label: "low" | "medium" | "high"; method: "rules" | "model"; model_version: string | null;
  window_days: number; computed_at: string; valid_until: string; base_margin: number | null; factors: Factor[];
  actual_outcome: string | null; was_accurate: boolean | null; note: string | null;
}
export interface Assessment {
  account: string; as_of: string; computed_at: string; profile: ProfileRef; health: Health; sum_check: number;
  predictions: Prediction[]; alerts: { opened: string[]; updated: string[]; resolved: string[] };
  features: Record<string, unknown>; missing: string[];
}

export interface HistoryDay {
  day: string; score: number | null; band: Band; coverage: number; subscores: Record<string, number | null>;
  churn_probability: number | null; profile_version: number | null;
}
export interface Contribution { measure: string; name: string; group: string; points: number; detail: string }
export interface Explain {
  at: string; compare: string; score_at: number | null; score_compare: number | null;
  change: number; contributions: Contribution[];
}
export interface TimelineItem {
  id: string; kind: string; at: string; title: string; detail: string | null; source: string;
  severity?: Severity | null;
}
export interface FactRow {
  external_id: string; source: string; kind: string; known_at: string; version: string | number;
  row: Record<string, unknown>;
}
export interface UsageDay { day: string; events: number; users: number; by_name: Record<string, number> }

export interface Clause { expression: string; text: string; value: unknown; threshold: unknown; true: boolean }
export interface Feedback { kind: FeedbackKind; rating: number; comment: string | null; user: string; at: string }
export interface Notice {
  channel: string; recipient_masked: string; status: "sent" | "failed" | "held" | "pending";
  at: string | null; error: string | null;
}
export interface AlertAccount {
  id: string; name: string; owner: string | null; arr: Money | null; renewal_date: string | null;
  band: Band; score: number | null;
}
export interface Alert {
  id: string; type: "risk" | "opportunity"; rule: string; rule_name: string; title: string; account: AlertAccount;
  subject: string; severity: Severity; base_severity: Severity; severity_why: string[]; priority: number;
  priority_why: { severity: number; arr_percentile: number; days_to_renewal: number | null };
  status: AlertStatus; assignee: string | null; opened_at: string; last_seen_at: string; seen_count: number;
  snoozed_until: string | null; acknowledged_at: string | null; acknowledged_by: string | null;
  resolved_at: string | null; resolve_reason: string | null; dismiss_reason: DismissReason | null;
  clauses: Clause[]; evidence: Record<string, unknown>;
  suggested_actions: { title: string; playbook: string | null }[];
  feedback: Feedback[]; notifications: Notice[]; etag: string;
}
export interface AlertPatch {
  status?: AlertStatus; snoozed_until?: string; reason?: DismissReason; assignee?: string;
}
export interface FeedbackInput { kind: FeedbackKind; rating: number; comment?: string }

export interface Rule {
  id: string; name: string; type: "risk" | "opportunity"; severity: Severity; cooldown_days: number;
  expression: string; enabled: boolean; playbook: string | null;
  precision: { mean: number; low: number; high: number; useful: number; wrong: number } | null;
}
export interface TodayItem { kind: "alert"; alert: Alert; account: AccountCard; reason: string; action: string }
export interface HygieneItem { account: string; name: string; issue: string }
export interface Today {
  accounts: number; arr: Money | null; bands: Partial<Record<Band, number>>;
  bands_7d_ago: Partial<Record<Band, number>>;
  arr_at_risk: Money | null; renewals_90d: { count: number; arr: Money | null };
  items: TodayItem[]; hygiene: HygieneItem[]; scope: "mine" | "all";
}

export interface Integration {
  source: string; kind: string; status: "ok" | "late" | "failing" | "never";
  last_delivery_at: string | null; last_success_at: string | null; lag_seconds: number | null;
  deliveries_24h: number; rows_24h: number; errors_24h: number; parked: number;
  webhook_url: string | null; last_error: string | null;
}
export interface DeliveryError { row: number | string | null; code: string; field: string | null; detail: string }
export interface Delivery {
  delivery_id: string; received_at: string; processed_at: string | null; rows: number; created: number;
  updated: number; unchanged: number; errors: DeliveryError[]; error_count: number;
}
export interface Duplicate { reason: string; value: string; accounts: { id: string; name: string; source: string }[] }

export interface LineError { line: number; field: string | null; code: string; detail: string }
export interface ImportField { name: string; required: boolean; type: string; help: string }
export interface ImportColumn { name: string; samples: string[]; suggested_field: string | null }
export interface ImportPreview {
  delimiter: string; encoding: string; columns: ImportColumn[]; fields: ImportField[]; first_rows: string[][];
}
export interface ImportCreated {
  id: string; upload_url: string; upload_headers: Record<string, string>; expires_at: string;
}
export interface Import {
  id: string; kind: ImportKind; filename: string; status: ImportStatus; dry_run: boolean; size_bytes: number;
  bytes_done: number; rows_done: number; created: number; updated: number; unchanged: number; errors: number;
  first_errors: LineError[]; error_report_url: string | null; problem: string | null;
  started_at: string | null; finished_at: string | null; created_at: string; created_by: string;
  mapping: Record<string, string | null> | null;
}

export interface Settings {
  email: { enabled: boolean; digest_hour: number }; slack: { enabled: boolean }; daily_cap: number;
  key_events: string[] | null; quiet_hours: { from: string; to: string } | null;
}
