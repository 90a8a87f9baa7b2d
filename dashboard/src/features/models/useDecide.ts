import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import { ApiError } from "~/api/errors";
import { modelsQuery } from "~/api/queries";
import type { LearntModel, PlaceModel } from "~/api/types";
import { reportFailure } from "~/components/alerts/useAlertCommands";

/** What a person decides about the models of a kind, each with the tag that was seen. */
export function useDecide(models: LearntModel, onDone: () => void) {
  const api = useApi();
  const cache = useQueryClient();
  const { kind, etag } = models;
  const { queryKey } = modelsQuery(api);

  const onSuccess = (now: LearntModel, said: string) => {
    cache.setQueryData(queryKey, (old) => old && { ...old, data: old.data.map((row) => (row.kind === kind ? now : row)) });
    notifications.show({ message: said, autoClose: 4000 });
    onDone();
  };
  const onError = (error: unknown) => {
    if (error instanceof ApiError && error.status === 412) {
      void cache.invalidateQueries({ queryKey });
      notifications.show({
        color: "yellow", title: "These models have changed meanwhile", autoClose: 9000,
        message: "Someone else decided first. How they stand now is shown: look again, then decide.",
      });
      onDone();
      return;
    }
    reportFailure(error, "Not done");
  };
  const place = useMutation({
    mutationFn: ({ version, body }: { version: string; body: PlaceModel; said: string }) =>
      unwrap(api.POST("/v1/models/{kind}/versions/{version}/place", {
        params: { path: { kind, version }, header: { ...idempotencyKey(), "If-Match": etag } }, body,
      })),
    onSuccess: (now, { said }) => onSuccess(now, said),
    onError,
  });
  const rollBack = useMutation({
    mutationFn: (reason: string) =>
      unwrap(api.POST("/v1/models/{kind}/rollback", {
        params: { path: { kind }, header: { ...idempotencyKey(), "If-Match": etag } }, body: { reason: reason === "" ? null : reason },
      })),
    onSuccess: (now) => onSuccess(now, "Rolled back"),
    onError,
  });
  return { place, rollBack };
}
