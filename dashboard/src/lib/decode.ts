/** Reads values of unknown shape (a fetched file, a stored string, a token's claims) without trusting them. */

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function text(record: Record<string, unknown>, key: string): string | undefined {
  const value = record[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function number(record: Record<string, unknown>, key: string): number | undefined {
  const value = record[key];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}

/** The one of `allowed` that equals `value`. */
export function oneOf<T extends string>(allowed: readonly T[], value: string | null | undefined): T | undefined {
  return allowed.find((candidate) => candidate === value);
}

/** The entries of a map whose values are numbers. */
export function counts(record: Record<string, unknown>): Record<string, number> {
  const result: Record<string, number> = {};
  for (const key of Object.keys(record)) result[key] = number(record, key) ?? 0;
  return result;
}

/** The entries of a map whose values are text. */
export function texts(record: Record<string, unknown>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const key of Object.keys(record)) {
    const value = text(record, key);
    if (value !== undefined) result[key] = value;
  }
  return result;
}
