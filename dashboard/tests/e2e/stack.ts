import { existsSync, readFileSync } from "node:fs";
import { isRecord, parseJson, text } from "~/lib/decode";

const FILE = new URL("../../../.local/stack.json", import.meta.url);

interface User {
  email: string;
  password: string;
}

/** The running local stack, as `make up` left it. */
export interface Stack {
  apiUrl: string;
  dashboardUrl: string;
  inboxUrl: string;
  key: string;
  user: (role: string) => User;
}

function needed(record: Record<string, unknown>, key: string): string {
  const found = text(record, key);
  if (found === undefined) throw new Error(`.local/stack.json lacks ${key}: run \`make up\` again.`);
  return found;
}

export function readStack(): Stack {
  if (!existsSync(FILE)) throw new Error("The local stack is not up: run `make up` first, then this again.");
  const stack = parseJson(readFileSync(FILE, "utf8"));
  if (!isRecord(stack)) throw new Error(".local/stack.json holds no object: run `make up` again.");
  const list = (key: string) => (Array.isArray(stack[key]) ? stack[key].filter(isRecord) : []).filter(({ tenant }) => tenant === "demo");
  const key = list("api_keys")[0];
  if (key === undefined) throw new Error(".local/stack.json holds no API key of the demo tenant.");
  return {
    apiUrl: needed(stack, "api_url"), dashboardUrl: needed(stack, "dashboard_url"), inboxUrl: needed(stack, "inbox_url"),
    key: needed(key, "key"),
    user: (role) => {
      const found = list("users").find((user) => user["role"] === role);
      if (found === undefined) throw new Error(`.local/stack.json has no ${role} of the demo tenant.`);
      return { email: needed(found, "email"), password: needed(found, "password") };
    },
  };
}

/** One call of the public API with the tenant's key. */
export async function call(stack: Stack, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${stack.apiUrl}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${stack.key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}
