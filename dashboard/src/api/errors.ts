import { isRecord, number, text } from "~/lib/decode";

/** A call that did not succeed: the problem document of the API, or what is known when there is none. */
export class ApiError extends Error {
  constructor(
    readonly title: string,
    readonly detail: string,
    readonly status: number,
    readonly code: string,
    readonly traceId: string | undefined,
    readonly errors: readonly { field?: string | undefined; code: string; detail: string }[] = [],
  ) {
    super(detail === "" ? title : `${title}: ${detail}`);
  }
}

export function offline(): ApiError {
  return new ApiError(
    "The service cannot be reached", "Check your connection, then try again.", 0, "unreachable", undefined,
  );
}

/** The error that a body and a status describe. */
export function readProblem(body: unknown, response: Response): ApiError {
  const traceId = response.headers.get("x-request-id") ?? undefined;
  if (!isRecord(body)) {
    return new ApiError("The service gave no usable answer", "Try again in a moment.", response.status, "no_answer", traceId);
  }
  const rows = Array.isArray(body["errors"]) ? body["errors"].filter(isRecord) : [];
  return new ApiError(
    text(body, "title") ?? text(body, "message") ?? "The request failed",
    text(body, "detail") ?? "",
    number(body, "status") ?? response.status,
    text(body, "code") ?? "unknown",
    text(body, "trace_id") ?? traceId,
    rows.map((row) => ({ field: text(row, "field"), code: text(row, "code") ?? "", detail: text(row, "detail") ?? "" })),
  );
}

/** Asks again only what may go better the next time: no answer, too many requests, a fault of the service. */
export function worthAnotherTry(failures: number, error: unknown): boolean {
  if (failures >= 2) return false;
  if (!(error instanceof ApiError)) return true;
  return error.status === 0 || error.status === 429 || error.status >= 500;
}

export function describe(error: unknown): { title: string; detail: string } {
  if (error instanceof ApiError) {
    const trace = error.traceId === undefined ? "" : ` (trace ${error.traceId})`;
    return { title: error.title, detail: `${error.detail}${trace}` };
  }
  return { title: "Something went wrong", detail: error instanceof Error ? error.message : String(error) };
}
