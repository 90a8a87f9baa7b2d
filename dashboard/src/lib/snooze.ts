const DAY_MS = 86_400_000;

export const snoozeChoices = [
  { days: 1, label: "Until tomorrow" },
  { days: 3, label: "For 3 days" },
  { days: 7, label: "For a week" },
  { days: 30, label: "For 30 days" },
] as const;

/** The instant, `days` from `now`, as the API wants it. */
export function snoozeUntil(now: number, days: number): string {
  return new Date(now + days * DAY_MS).toISOString();
}
