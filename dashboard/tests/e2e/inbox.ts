import { isRecord, parseJson, text } from "~/lib/decode";

/** The HTML of the first message that mentions `needle`, from an inbox of whatever nesting. */
export async function mailTo(inboxUrl: string, needle: string): Promise<string | undefined> {
  const inbox = parseJson(await (await fetch(inboxUrl)).text());
  return find(inbox, needle);
}

function find(value: unknown, needle: string): string | undefined {
  if (Array.isArray(value)) return first(value, needle);
  if (!isRecord(value)) return undefined;
  const inside = first(Object.values(value), needle);
  if (inside !== undefined) return inside;
  return JSON.stringify(value).includes(needle) ? htmlIn(value) : undefined;
}

function first(values: readonly unknown[], needle: string): string | undefined {
  for (const value of values) {
    const found = find(value, needle);
    if (found !== undefined) return found;
  }
  return undefined;
}

function htmlIn(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    for (const entry of value) {
      const found = htmlIn(entry);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  for (const key of Object.keys(value)) {
    const entry = text(value, key);
    if (entry !== undefined && /<html|<table|<body/i.test(entry)) return entry;
  }
  return htmlIn(Object.values(value));
}
