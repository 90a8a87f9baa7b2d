import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import { monitoringQuery } from "~/api/queries";
import type { LearntModel } from "~/api/types";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { useWallClock } from "~/components/clock";
import { Stat, When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { percent } from "~/lib/format";
import { isUnderWay } from "~/lib/learnt";
import classes from "./Models.module.css";
import { RollBackDialog } from "./RollBackDialog";
import { Run } from "./Run";
import { TrainDialog } from "./TrainDialog";
import { Versions } from "./Versions";
import { World } from "./World";
import { answering, kinds } from "./words";

/** The models of one kind: what answers, what is tried, what there is to learn from, and what was trained. */
export function KindPanel({ models, readOnly }: { models: LearntModel; readOnly: boolean }) {
  const api = useApi();
  const cache = useQueryClient();
  // As they were when the question was asked: its tag goes with the answer.
  const [goingBack, setGoingBack] = useState<LearntModel>();
  const { kind, champion, shadow, challenger, last_run: run } = models;
  const hasModel = champion !== null || shadow !== null || challenger !== null;
  const { title, outcomes } = kinds[kind];
  const [accepting, setAccepting] = useState(false);
  const monitoring = useQuery({ ...monitoringQuery(api, kind), enabled: hasModel });
  const held = monitoring.data?.latest?.held ?? null;
  const underWay = isUnderWay(run, useWallClock());
  const train = useMutation({
    mutationFn: (accepted: string | null) => unwrap(api.POST("/v1/models/{kind}/runs", {
      params: { path: { kind }, header: idempotencyKey() }, ...(accepted === null ? {} : { body: { accept_drift: accepted } }),
    })),
    onSuccess: () => {
      setAccepting(false);
      notifications.show({ message: `${title}: training is queued`, autoClose: 4000 });
      return cache.invalidateQueries({ queryKey: ["models"] });
    },
    onError: (error) => reportFailure(error, "Not trained"),
  });
  return (
    <Panel
      flush title={title}
      aside={!readOnly && (
        <Group gap="xs">
          {models.can_roll_back && <Button size="xs" variant="default" aria-label={`Roll back ${title.toLowerCase()}`} onClick={() => setGoingBack(models)}>Roll back…</Button>}
          <Button size="xs" aria-label={`Train ${title.toLowerCase()}`} disabled={underWay} loading={train.isPending} onClick={() => (held === null ? train.mutate(null) : setAccepting(true))}>Train</Button>
        </Group>
      )}
    >
      <div className={classes.body}>
        <div className={classes.stats}>
          <Stat label="Answers now" hint={champion === null ? "No model of your own answers" : <>Champion since <When at={champion.since} /></>}>{answering(models.answers)}</Stat>
          <Stat label="Watched" {...(shadow === null ? {} : { hint: <>Since <When at={shadow.since} />; nothing follows from it</> })}>{shadow?.version ?? "None"}</Stat>
          <Stat label="Challenger" {...(challenger === null ? {} : { hint: <>Answers for {percent(challenger.share)} of the accounts since <When at={challenger.since} /></> })}>{challenger?.version ?? "None"}</Stat>
        </div>
        <Text size="sm">To learn from: {models.stage.text}.</Text>
        {hasModel && <World kind={kind} />}
        {run !== null && <Run run={run} underWay={underWay} />}
        {models.versions.length === 0 && <Text size="sm"><strong>No model yet:</strong> {outcomes}, then train.</Text>}
      </div>
      {models.versions.length > 0 && <Versions models={models} readOnly={readOnly} />}
      {accepting && held !== null && <TrainDialog title={title} held={held} pending={train.isPending} onTrain={(reason) => train.mutate(reason)} onClose={() => setAccepting(false)} />}
      {goingBack !== undefined && <RollBackDialog models={goingBack} onClose={() => setGoingBack(undefined)} />}
    </Panel>
  );
}
