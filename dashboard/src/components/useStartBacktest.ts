import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import type { BacktestSubject } from "~/api/types";
import { reportFailure } from "./alerts/useAlertCommands";
import { paths } from "~/lib/paths";

/** Asks for a backtest and goes to where it is shown. */
export function useStartBacktest() {
  const api = useApi();
  const cache = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (body: { subject: BacktestSubject; from: string | null; to: string | null }) =>
      unwrap(api.POST("/v1/backtests", { params: { header: idempotencyKey() }, body })),
    onSuccess: ({ id }) => {
      notifications.show({ message: "The backtest is queued", autoClose: 3000 });
      void cache.invalidateQueries({ queryKey: ["backtests"] });
      void navigate(paths.backtest(id));
    },
    onError: (error) => reportFailure(error, "Not started"),
  });
}
