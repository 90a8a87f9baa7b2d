/** Due days of tasks, against the tenant's own day. */

const DAY_MS = 86_400_000;

/** The day of an instant in a zone, as YYYY-MM-DD. */
export function dayOf(now: number, zone: string): string {
  const options: Intl.DateTimeFormatOptions = { year: "numeric", month: "2-digit", day: "2-digit" };
  try {
    return new Intl.DateTimeFormat("sv-SE", { ...options, timeZone: zone }).format(now);
  } catch {
    return new Date(now).toISOString().slice(0, 10);
  }
}

export function plusDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

export function daysUntil(due: string, today: string): number {
  return Math.round((Date.parse(`${due}T00:00:00Z`) - Date.parse(`${today}T00:00:00Z`)) / DAY_MS);
}

/** How soon a task is due, in words. */
export function dueWords(due: string | null, today: string): string {
  if (due === null) return "No due day";
  const days = daysUntil(due, today);
  if (days < 0) return `${-days} d overdue`;
  if (days === 0) return "Due today";
  return days === 1 ? "Due tomorrow" : `Due in ${days} d`;
}

/** Whether a task belongs on today's list: overdue, due today or within a week. */
export function isNear(due: string | null, today: string): boolean {
  return due !== null && daysUntil(due, today) <= 7;
}
