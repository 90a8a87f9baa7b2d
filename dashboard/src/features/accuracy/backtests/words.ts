import type { Backtest, BacktestSubject } from "~/api/types";
import { kindNames } from "../words";

export const statusNames: Record<Backtest["status"], string> = { queued: "Queued", running: "Running", done: "Done", failed: "Failed" };

/** What was tested, in words. */
export function subjectName(subject: BacktestSubject): string {
  switch (subject.what) {
    case "published": return "Published profiles";
    case "draft": return "Draft of the profiles";
    case "version": return subject.version === 1 ? "Profiles as shipped (version 1)" : `Profiles, version ${subject.version}`;
    case "rules": return subject.with_muted ? "Rules, the muted ones too" : "Rules that are not muted";
    case "model": return `${kindNames[subject.kind].title} model, ${subject.version === "baseline" ? "as shipped" : subject.version}`;
  }
}

/** A side's name, as a heading. */
export function heading(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

/** What became of accounts, in the order of the bars; each with its colour. */
export const outcomes = [
  { key: "churned", label: "churned", fill: "var(--critical-fill)" },
  { key: "contracted", label: "contracted", fill: "var(--at_risk-fill)" },
  { key: "retained", label: "retained", fill: "var(--insufficient_data-fill)" },
  { key: "expanded", label: "expanded", fill: "var(--healthy-fill)" },
] as const;
