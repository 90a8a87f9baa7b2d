import createClient, { type Client } from "openapi-fetch";
import { createContext, useContext } from "react";
import type { Session } from "~/lib/session";
import { offline, readProblem } from "./errors";
import type { paths } from "./__generated__/schema";

export type Api = Client<paths>;

/** The typed client: every call carries the user's token; one that has run out is renewed once. */
export function createApi(session: Session): Api {
  async function send(request: Request): Promise<Response> {
    const again = request.clone();
    const response = await attempt(request, await session.token());
    if (response.status !== 401) return response;
    const renewed = await session.refresh();
    return renewed === undefined ? response : attempt(again, renewed);
  }
  return createClient<paths>({ baseUrl: session.config.apiUrl, fetch: send });
}

async function attempt(request: Request, token: string | undefined): Promise<Response> {
  if (token !== undefined) request.headers.set("authorization", `Bearer ${token}`);
  try {
    return await fetch(request);
  } catch (cause) {
    const waitedLong = cause instanceof DOMException && cause.name === "TimeoutError";
    if (request.signal.aborted && !waitedLong) throw cause;
    throw offline();
  }
}

/** The data of an answer, or the problem as an error. */
export async function unwrap<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok || data === undefined) throw readProblem(error, response);
  return data;
}

/** A key by which the API knows a repeated POST. */
export function idempotencyKey(): { "Idempotency-Key": string } {
  return { "Idempotency-Key": crypto.randomUUID() };
}

interface Services {
  api: Api;
  session: Session;
}

export const ServicesContext = createContext<Services | undefined>(undefined);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === undefined) throw new Error("This part of the page stands outside of the signed-in area.");
  return services;
}

export function useApi(): Api {
  return useServices().api;
}
