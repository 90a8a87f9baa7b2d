import { type Api, unwrap } from "./client";
import { worthAnotherTry } from "./errors";
import type { AccountCard, AccountPage, AccountsQuery } from "./types";

interface Loaded {
  pages: readonly AccountPage[];
}

/** Every account of a query: the pages that are there already, then the others one by one. */
export async function everyAccount(
  api: Api, query: AccountsQuery, loaded: Loaded, signal: AbortSignal, tell: (count: number) => void,
): Promise<AccountCard[]> {
  // By id: an account that moved between two pages while they were read is written once.
  const found = new Map<string, AccountCard>();
  const take = (page: AccountPage) => {
    for (const row of page.data) found.set(row.id, row);
    tell(found.size);
  };
  loaded.pages.forEach(take);
  let cursor = loaded.pages.length === 0 ? "" : (loaded.pages.at(-1)?.next ?? undefined);
  while (cursor !== undefined) {
    const page: AccountPage = await readPage(api, { ...query, ...(cursor === "" ? {} : { cursor }) }, signal);
    take(page);
    cursor = page.next ?? undefined;
  }
  return [...found.values()];
}

async function readPage(api: Api, query: AccountsQuery, signal: AbortSignal): Promise<AccountPage> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await unwrap(api.GET("/v1/accounts", { params: { query }, signal }));
    } catch (error) {
      if (signal.aborted || !worthAnotherTry(failures, error)) throw error;
      await new Promise((again) => { setTimeout(again, 1000 * 2 ** failures); });
      signal.throwIfAborted();
    }
  }
}
