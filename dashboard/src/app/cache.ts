import { QueryClient } from "@tanstack/react-query";
import { worthAnotherTry } from "~/api/errors";

export function createCache(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: 15_000, retry: worthAnotherTry, refetchOnWindowFocus: false },
      mutations: { retry: false },
    },
  });
}
