/** What the fixtures answer, and what they were asked. */
import type { Problem } from "~/api/types";

export interface Answer {
  status: number;
  body: unknown;
  delayMs?: number;
}
export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
  headers: Record<string, string>;
}

export const ok = (body: unknown, status = 200): Answer => ({ status, body });
export const problem = (status: number, code: string, title: string, detail: string): Answer => {
  const body: Problem = { type: `https://docs.customer-success-copilot.dev/problems/${code}`, title, status, detail, code, trace_id: "1-6740-abc123", errors: [] };
  return { status, body };
};

/** Changes a row with the version that was seen, and gives it the next one. */
export function patched(rows: readonly { id: string; etag: string }[], id: string, seen: string | undefined, body: unknown): Answer {
  const found = rows.find((row) => row.id === id);
  if (found === undefined) return problem(404, "not_found", "Not found", "There is none of this id.");
  if (seen !== found.etag) return problem(412, "precondition_failed", "It has changed", "Read it again.");
  Object.assign(found, body, { etag: `"${Number(found.etag.replaceAll('"', "")) + 1}"` });
  return ok(found);
}
