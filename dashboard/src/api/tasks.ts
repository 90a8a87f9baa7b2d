/** Tasks of people (calls to action): the open ones by due day, made from an alert, done and taken back. */
import { type InfiniteData, infiniteQueryOptions, type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, idempotencyKey, unwrap, useApi } from "./client";
import { OwnChanges, patience } from "./ownChanges";
import type { NewTask, Task, TaskPage, TaskPatch } from "./types";

export const tasksQuery = (api: Api, scope: "mine" | "all") =>
  infiniteQueryOptions({
    queryKey: ["tasks", scope],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/v1/ctas", {
        params: {
          query: {
            "filter[status][eq]": "open", limit: 50, ...(scope === "mine" ? { "filter[owner][eq]": "me" } : {}),
            ...(pageParam === "" ? {} : { cursor: pageParam }),
          },
        },
        signal,
      })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
  });

export function useCreateTask() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: NewTask) => unwrap(api.POST("/v1/ctas", { params: { header: idempotencyKey() }, body })),
    onSuccess: () => { void cache.invalidateQueries({ queryKey: ["tasks"] }); },
  });
}

function changeTask(cache: QueryClient, id: string, change: (task: Task) => Task): void {
  cache.setQueriesData<InfiniteData<TaskPage>>({ queryKey: ["tasks"] }, (old) =>
    old && { ...old, pages: old.pages.map((page) => ({ ...page, data: page.data.map((task) => (task.id === id ? change(task) : task)) })) });
}

const changes = new OwnChanges<Task>();

/** Changes a task: shown at once, taken back when refused. A task that is done keeps its place until the next visit. */
export function usePatchTask() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ task, patch }: { task: Task; patch: TaskPatch }) => changes.send(task, [(now) =>
      unwrap(api.PATCH("/v1/ctas/{id}", { params: { path: { id: now.id }, header: { "If-Match": now.etag } }, body: patch, signal: patience() }))]),
    onMutate: async ({ task, patch }) => {
      await cache.cancelQueries({ queryKey: ["tasks"] });
      changeTask(cache, task.id, (old) => ({ ...old, status: patch.status ?? old.status }));
    },
    onSuccess: (saved) => {
      changeTask(cache, saved.id, () => saved);
      void cache.invalidateQueries({ queryKey: ["tasks"], refetchType: "none" });
    },
    onError: (_, { task }) => {
      changeTask(cache, task.id, () => task);
      void cache.invalidateQueries({ queryKey: ["tasks"] });
    },
  });
}
