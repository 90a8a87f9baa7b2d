import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";

interface PageOf<T> {
  data: T[];
  next: string | null;
}

export interface FoundRows<T> {
  rows: readonly T[];
  /** Nothing has been found yet, and the search goes on. */
  looking: boolean;
  retry: () => void;
}

/**
 * The rows of a paged list. A filter examines a bounded number of items per answer, so that a page may be empty while
 * more follow: an empty page is no end, and the next is asked for until one has rows or there is none.
 */
export function useRows<T>(query: UseInfiniteQueryResult<InfiniteData<PageOf<T>>>): FoundRows<T> {
  const { data, hasNextPage, isFetching, isError, fetchNextPage, refetch } = query;
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data) ?? [], [data]);
  const fruitless = data?.pages.at(-1)?.data.length === 0;
  useEffect(() => {
    if (fruitless && hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [fruitless, hasNextPage, isFetching, isError, fetchNextPage]);
  const retry = () => { void (data === undefined ? refetch() : fetchNextPage()); };
  return { rows, looking: fruitless && hasNextPage && !isError && rows.length === 0, retry };
}
