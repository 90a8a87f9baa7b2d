import { Button, Group, NumberInput, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { unwrap, useApi } from "~/api/client";
import { meQuery, type PredictionKind, settingsQuery, thresholdsQuery } from "~/api/queries";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { ProblemState, Rows } from "~/components/States";
import { decimal, integer } from "~/lib/format";
import { Interval } from "./Interval";
import { methodNames, methodOf } from "./words";

/** So many alerts a week: this cut, this precision. An admin takes the cut over with one click. */
export function Threshold({ kind, cut }: { kind: PredictionKind; cut: number }) {
  const api = useApi();
  const cache = useQueryClient();
  const [wanted, setWanted] = useState(10);
  const [perWeek] = useDebouncedValue(wanted, 300);
  const query = useQuery(thresholdsQuery(api, kind, perWeek));
  const me = useQuery(meQuery(api));
  const settings = useQuery(settingsQuery(api));
  const etag = settings.data?.etag;
  const take = useMutation({
    mutationFn: (alertCut: number) =>
      unwrap(api.PATCH("/v1/settings", { params: { header: { "If-Match": etag ?? "*" } }, body: { alert_cut: alertCut } })),
    onSuccess: (saved) => {
      void cache.invalidateQueries({ queryKey: ["settings"] });
      void cache.invalidateQueries({ queryKey: ["accuracy"] });
      notifications.show({ message: `The cut is ${decimal(saved.alert_cut, 2)}. Figures follow with the next night`, autoClose: 5000 });
    },
    onError: (error) => reportFailure(error, "Not saved"),
  });
  return (
    <Stack gap="sm">
      <NumberInput
        label="Alerts a week that there is time for" min={1} max={10_000} clampBehavior="strict" value={wanted}
        onChange={(value) => setWanted(Number(value))} style={{ maxWidth: 280 }}
      />
      {query.isError ? <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        : query.data === undefined ? <Rows count={2} />
          : query.data.proposals.length === 0 ? <Text size="sm" role="status">{query.data.note}</Text>
            : query.data.proposals.map((proposal) => (
              <div key={methodOf(proposal)} role="status">
                <Text size="sm" component="div">
                  {methodNames[methodOf(proposal)]}: cut <strong>{decimal(proposal.cut, 2)}</strong> for {decimal(proposal.alerts_per_week)} alerts a week over {integer(query.data.accounts)} accounts
                </Text>
                <div>Precision: <Interval share={proposal.precision} /></div>
                <div>Recall: <Interval share={proposal.recall} /></div>
                {me.data?.role === "admin" && !proposal.shadow && Math.abs(proposal.cut - cut) >= 0.005 && proposal.cut >= 0.01 && proposal.cut <= 0.99 && (
                  <Group mt={6}>
                    <Button variant="default" size="compact-sm" loading={take.isPending} onClick={() => take.mutate(proposal.cut)}>
                      {`Use ${decimal(proposal.cut, 2)} as the cut`}
                    </Button>
                  </Group>
                )}
              </div>
            ))}
    </Stack>
  );
}
