/** The reads of products: what an account owns and may take next, what was learnt of that, and the grid of both. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { isUnderWay } from "~/lib/learnt";
import { type Api, unwrap } from "./client";
import { cursorOf } from "./queries";

export const accountProductsQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["account", id, "products"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/accounts/{id}/products", { params: { path: { id } }, signal })),
  });

/** What was learnt of products; asked again every three seconds while a run is under way. */
export const productsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["products"],
    queryFn: ({ signal }) => unwrap(api.GET("/v1/products", { signal })),
    refetchInterval: (query) => (isUnderWay(query.state.data?.last_run ?? null, Date.now()) ? 3000 : false),
  });

/** Accounts that the API shows at most of those that a product fits best: one page of them is all there is. */
export const MOST_FITTING = 50;
/** Accounts that are kept of those that a product fits best, whoever owns them. */
export const KEPT_FITTING = 200;

export const whiteSpaceQuery = (api: Api, { product, mine }: { product: string | undefined; mine: boolean }) =>
  infiniteQueryOptions({
    queryKey: ["white-space", product, mine],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/v1/products/white-space", {
        params: {
          query: {
            ...(product === undefined ? {} : { product, limit: MOST_FITTING }), ...(mine ? { "filter[owner][eq]": "me" } : {}), ...cursorOf(pageParam),
          },
        },
        signal,
      })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    staleTime: 60_000,
  });
