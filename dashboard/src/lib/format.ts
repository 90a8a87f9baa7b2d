/** Numbers, money and times as people read them; times in the user's zone. */

interface MoneyLike {
  amount_minor: number;
  currency: string;
}

export const NONE = "–";

/** Making a formatter costs far more than using it, and a table uses it thousands of times. */
function kept<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    const found = made.get(key) ?? make(key);
    made.set(key, found);
    return found;
  };
}

const currencies = kept((currency) => new Intl.NumberFormat("en", { style: "currency", currency, maximumFractionDigits: 0 }));
const compactCurrencies = kept((currency) =>
  new Intl.NumberFormat("en", { style: "currency", currency, notation: "compact", maximumFractionDigits: 1 }));
const currencyDigits = kept((currency) =>
  new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2);
const fixed = kept((digits) =>
  new Intl.NumberFormat("en", { minimumFractionDigits: Number(digits), maximumFractionDigits: Number(digits) }));
const percents = kept((digits) =>
  new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: Number(digits), maximumFractionDigits: Number(digits) }));
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const loose = new Intl.NumberFormat("en", { maximumFractionDigits: 4 });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const LONG_DAY: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", year: "numeric" };
const SHORT_DAY: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
const longDays = { here: new Intl.DateTimeFormat("en-GB", LONG_DAY), utc: new Intl.DateTimeFormat("en-GB", { ...LONG_DAY, timeZone: "UTC" }) };
const shortDays = { here: new Intl.DateTimeFormat("en-GB", SHORT_DAY), utc: new Intl.DateTimeFormat("en-GB", { ...SHORT_DAY, timeZone: "UTC" }) };
const instants = new Intl.DateTimeFormat("en-GB", { ...LONG_DAY, hour: "2-digit", minute: "2-digit" });

function digitsOf(currency: string): number {
  try {
    return currencyDigits(currency);
  } catch {
    return 2;
  }
}

export function moneyValue(value: MoneyLike): number {
  return value.amount_minor / 10 ** digitsOf(value.currency);
}

export function money(value: MoneyLike | null | undefined, style: "compact" | "full" = "compact"): string {
  if (value === null || value === undefined) return NONE;
  const amount = moneyValue(value);
  const compact = style === "compact" && Math.abs(amount) >= 10_000;
  try {
    return (compact ? compactCurrencies : currencies)(value.currency).format(amount);
  } catch {
    return `${integer(amount)} ${value.currency}`;
  }
}

export function integer(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : whole.format(value);
}

export function decimal(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined) return NONE;
  return fixed(String(digits)).format(value);
}

export function score(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : decimal(value, 1);
}

export function percent(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined) return NONE;
  return percents(String(digits)).format(value);
}

/** With its sign, a real minus, and no sign at nought. */
export function signed(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined) return NONE;
  const shown = decimal(Math.abs(value), digits);
  if (Number(shown.replaceAll(",", "")) === 0) return shown;
  return `${value > 0 ? "+" : "\u2212"}${shown}`;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

function dateOf(value: string): { date: Date; dayOnly: boolean } | undefined {
  const dayOnly = DAY.test(value);
  const date = new Date(dayOnly ? `${value}T00:00:00Z` : value);
  return Number.isNaN(date.getTime()) ? undefined : { date, dayOnly };
}

/** A day, or the day of an instant in the user's zone. */
export function day(value: string | null | undefined): string {
  const parsed = value ? dateOf(value) : undefined;
  if (parsed === undefined) return NONE;
  return (parsed.dayOnly ? longDays.utc : longDays.here).format(parsed.date);
}

/** The day of an instant in another zone than the user's: days of a tenant are counted in the tenant's zone. */
export function dayIn(value: string, zone: string): string {
  const parsed = dateOf(value);
  if (parsed === undefined) return NONE;
  try {
    return new Intl.DateTimeFormat("en-GB", { ...LONG_DAY, timeZone: parsed.dayOnly ? "UTC" : zone }).format(parsed.date);
  } catch {
    return day(value);
  }
}

export function shortDay(value: string): string {
  const parsed = dateOf(value);
  if (parsed === undefined) return NONE;
  return (parsed.dayOnly ? shortDays.utc : shortDays.here).format(parsed.date);
}

export function instant(value: string | null | undefined): string {
  const parsed = value ? dateOf(value) : undefined;
  if (parsed === undefined) return NONE;
  if (parsed.dayOnly) return day(value);
  return instants.format(parsed.date);
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60],
];

export function ago(value: string | null | undefined, now: number): string {
  const parsed = value ? dateOf(value) : undefined;
  if (parsed === undefined) return NONE;
  const seconds = (parsed.date.getTime() - now) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return "just now";
}

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return NONE;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  const units = ["KB", "MB", "GB"];
  let size = value / 1024;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${decimal(size, size < 10 ? 1 : 0)} ${units[unit] ?? "GB"}`;
}

export function renewal(days: number | null | undefined): string {
  if (days === null || days === undefined) return "no renewal date";
  if (days < 0) return `${integer(-days)} d past renewal`;
  return days === 0 ? "renews today" : `renews in ${integer(days)} d`;
}

const ACRONYMS = new Set(["api", "arr", "crm", "csat", "csv", "id", "mrr", "nps", "sla", "sso", "url"]);

/** `at_risk` as "At risk". */
export function words(value: string | null | undefined): string {
  if (!value) return NONE;
  const spaced = value.replaceAll(/[_-]/g, " ").split(" ").map((word) => (ACRONYMS.has(word) ? word.toUpperCase() : word));
  return sentence(spaced.join(" "));
}

/** With a capital at its beginning. */
export function sentence(value: string): string {
  return value.charAt(0).toUpperCase() + value.slice(1);
}

export function initials(name: string): string {
  const parts = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = parts.length > 1 ? [parts[0], parts[1]].map((part) => part?.charAt(0)) : [parts[0]?.slice(0, 2)];
  return letters.join("").toUpperCase() || "?";
}

/** The name before the @ of a mail address, as a person's name. */
export function person(email: string | null | undefined): string {
  if (!email) return NONE;
  const local = email.split("@")[0] ?? email;
  return local.split(/[._-]+/).filter(Boolean).map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join(" ");
}

/** Any value of a fact or a clause, short enough for a cell. */
export function plain(value: unknown): string {
  if (value === null || value === undefined || value === "") return NONE;
  if (typeof value === "number") {
    return loose.format(value);
  }
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  return JSON.stringify(value);
}
