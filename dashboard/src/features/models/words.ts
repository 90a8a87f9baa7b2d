import type { LearntModel, ModelVersion, ModelWorld, TrainingRun, WorldDrift } from "~/api/types";

/** What is predicted, and how outcomes to learn from come in. */
export const kinds = {
  churn: { title: "Churn", outcomes: "record churn on accounts, or send outcomes “churned” by POST /v1/outcomes" },
  downgrade: { title: "Downgrade", outcomes: "record outcomes “contracted” on accounts, or send them by POST /v1/outcomes" },
  payment: { title: "Payment", outcomes: "send invoices and payments, failed ones too" },
  expansion: { title: "Expansion", outcomes: "record outcomes “expanded” on accounts, or send them by POST /v1/outcomes" },
  revenue: { title: "Revenue", outcomes: "send invoices, or subscriptions with their monthly amounts as they change" },
} as const;

export const roles: Record<ModelVersion["role"], string> = { idle: "Idle", shadow: "Watched", challenger: "Challenger", champion: "Champion" };

export const makers: Record<ModelVersion["maker"], string> = {
  logistic: "Logistic regression", boosting: "Blend with boosted trees", uploaded: "Uploaded",
};

export const checkNames: Record<string, string> = {
  outcomes: "Outcomes", pr_auc: "Better than what answers now", calibration: "Calibration", mae: "Amounts closer", gini: "Amounts in better order", lift: "Lift", shadow: "Time watched", measured: "Measured",
};

export const runNames: Record<TrainingRun["status"], string> = {
  held: "Held", queued: "Queued", running: "Running", registered: "Model registered", refused: "No model", failed: "Failed",
};

/** What answers, in words; a version by its name. */
export function answering(answers: LearntModel["answers"]): string {
  return answers === "rules" ? "Rules" : answers === "baseline" ? "Shipped baseline" : answers;
}

export const worldStates: Record<ModelWorld["state"], string> = { steady: "As it learnt", drifted: "Moved too far", aged: "Moved, training goes on", few_rows: "Too few accounts", no_reference: "Nothing to compare" };

export const movements: Record<NonNullable<WorldDrift["movement"]>, string> = { gone: "Gone missing", came: "More is known", values: "Other values", aged: "Only older" };
