/** The words of the product for the values of the API. */

export const BANDS = ["healthy", "watch", "at_risk", "critical", "insufficient_data", "onboarding"] as const;
export const SCORED_BANDS = ["critical", "at_risk", "watch", "healthy"] as const;
export const bandLabel: Record<(typeof BANDS)[number], string> = {
  healthy: "Healthy",
  watch: "Watch",
  at_risk: "At risk",
  critical: "Critical",
  insufficient_data: "Insufficient data",
  onboarding: "Onboarding",
};
/** Lower bounds, inclusive. */
export const bandFloor = { healthy: 75, watch: 50, at_risk: 25, critical: 0 };

export const SEVERITIES = ["critical", "high", "medium", "low"] as const;
export const ALERT_STATUSES = ["open", "acknowledged", "snoozed", "resolved", "dismissed", "all"] as const;
export const GROUPS = ["usage", "engagement", "support", "sentiment", "payment"] as const;
export const groupLabel: Record<string, string> = {
  usage: "Usage",
  engagement: "Engagement",
  support: "Support",
  sentiment: "Sentiment",
  payment: "Payment",
  cap: "Caps",
  caps: "Caps",
};
export const groupColor: Record<string, string> = {
  usage: "var(--series-1)",
  engagement: "var(--series-2)",
  support: "var(--series-3)",
  sentiment: "var(--series-4)",
  payment: "var(--series-5)",
};

export const dismissReasons = [
  { value: "wrong_data", label: "Wrong data", help: "The facts behind it are not true" },
  { value: "known", label: "Already known", help: "We knew; no need to be told" },
  { value: "not_actionable", label: "Not actionable", help: "True, but nothing to do about it" },
  { value: "already_handled", label: "Already handled", help: "Someone has dealt with it" },
] as const;
export const dismissLabel: Record<string, string> = Object.fromEntries(dismissReasons.map((r) => [r.value, r.label]));

export const CELLS = ["used", "owned", "fit", "untouched"] as const;
export const cellWords: Record<(typeof CELLS)[number], { label: string; help: string }> = {
  used: { label: "Used", help: "owned, and seen in use in the last 90 days" },
  owned: { label: "Owned", help: "not seen in use" },
  fit: { label: "Likely next", help: "not owned, and among the few that the account is likeliest to take next" },
  untouched: { label: "Untouched", help: "neither owned nor likely next" },
};

export const STAGES = ["prospect", "onboarding", "active", "will_churn", "churned", "paused"] as const;
export const TOUCHES = ["high", "mid", "digital"] as const;
export const TIMELINE_KINDS = [
  "alert", "score", "ticket", "invoice", "subscription", "activity", "survey", "usage_day", "outcome", "contact", "override",
] as const;
export const FACT_KINDS = ["invoices", "subscriptions", "tickets", "contacts", "activities", "surveys", "outcomes"] as const;
export const IMPORT_KINDS = [
  "accounts", "contacts", "subscriptions", "invoices", "tickets", "activities", "surveys", "outcomes", "events",
] as const;
