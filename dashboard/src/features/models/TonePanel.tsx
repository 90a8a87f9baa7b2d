import { Button, Group, Progress, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "react-router";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import { toneModelQuery } from "~/api/queries";
import type { ToneModel, ToneRun } from "~/api/types";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { useWallClock } from "~/components/clock";
import { Stat, When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { Tag } from "~/components/SeverityBadge";
import { ProblemState, Rows } from "~/components/States";
import { decimal, integer, person } from "~/lib/format";
import { isUnderWay } from "~/lib/learnt";
import { paths } from "~/lib/paths";
import classes from "./Models.module.css";
import { runNames } from "./words";

/** The tenant's own model of the tone of texts: what answers, what it learnt from, how well it does. */
export function TonePanel({ readOnly }: { readOnly: boolean }) {
  const query = useQuery(toneModelQuery(useApi()));
  if (query.isError) return <Panel title="Tone of texts"><ProblemState error={query.error} onRetry={() => void query.refetch()} /></Panel>;
  if (query.data === undefined) return <Panel flush title="Tone of texts"><Rows count={3} height={24} /></Panel>;
  return query.data.on ? <On model={query.data} readOnly={readOnly} /> : (
    <Panel title="Tone of texts">
      <Text size="sm">The tone of tickets and survey answers is not read. <Link to={paths.settings}>Switch it on in Settings</Link>: “Read the tone of tickets”.</Text>
    </Panel>
  );
}

function On({ model, readOnly }: { model: ToneModel; readOnly: boolean }) {
  const api = useApi();
  const cache = useQueryClient();
  const { own, last_run: run } = model;
  const underWay = isUnderWay(run, useWallClock());
  const again = () => cache.invalidateQueries({ queryKey: toneModelQuery(api).queryKey });
  const train = useMutation({
    mutationFn: () => unwrap(api.POST("/v1/tone-model/runs", { params: { header: idempotencyKey() } })),
    onSuccess: () => {
      notifications.show({ message: "Tone: training is queued", autoClose: 4000 });
      return again();
    },
    onError: (error) => reportFailure(error, "Not trained"),
  });
  const back = useMutation({
    mutationFn: () => unwrap(api.POST("/v1/tone-model/rollback", { params: { header: { ...idempotencyKey(), "If-Match": model.etag } } })),
    onSuccess: (now) => {
      cache.setQueryData(toneModelQuery(api).queryKey, now);
      notifications.show({ message: `Tone: ${now.own === null ? "the shipped model" : now.own.version} reads again`, autoClose: 4000 });
    },
    onError: (error) => {
      reportFailure(error, "Not gone back");
      void again();
    },
  });
  return (
    <Panel
      flush title="Tone of texts"
      aside={!readOnly && (
        <Group gap="xs">
          {model.can_go_back && <Button size="xs" variant="default" aria-label="Go back to the tone model before" loading={back.isPending} onClick={() => back.mutate()}>Go back</Button>}
          <Button size="xs" aria-label="Train tone" disabled={underWay} loading={train.isPending} onClick={() => train.mutate()}>Train</Button>
        </Group>
      )}
    >
      <div className={classes.body}>
        <div className={classes.stats}>
          <Stat label="Reads now" hint={own === null ? "No model of your own reads" : <>Since <When at={own.since} /></>}>{own === null || model.lost ? `Shipped (${model.shipped})` : own.version}</Stat>
          <Stat label="Labels" hint="Ratings of 1, 2, 4 and 5, and corrections by people">{run?.labels ? `${integer(run.labels.ratings + run.labels.corrections)} of ${integer(model.labels_needed)} needed` : "Not counted yet"}</Stat>
        </div>
        {model.lost && own !== null && <Text size="sm"><strong>{own.version} cannot be loaded:</strong> the shipped model reads in its place. Train again, or go back.</Text>}
        <Text size="sm">Learns from texts that customers rated and from tones that people corrected in the timeline. It reads only where it is better on the newest labels than the shipped model and VADER.</Text>
        {run !== null && <LastRun run={run} underWay={underWay} />}
      </div>
      {model.versions.length > 0 && <Versions model={model} />}
    </Panel>
  );
}

function LastRun({ run, underWay }: { run: ToneRun; underWay: boolean }) {
  return (
    <div className={classes.run}>
      <Text size="sm" component="div">Last training <Tag>{runNames[run.status]}</Tag> {run.verdict}</Text>
      {underWay && <Progress aria-label="Accounts read for tone" value={run.accounts === 0 ? 0 : (100 * run.accounts_done) / run.accounts} />}
      <Text size="xs" c="dimmed" component="div">Asked for <When at={run.asked_at} wall /> by {person(run.asked_by)}</Text>
    </div>
  );
}

function Versions({ model }: { model: ToneModel }) {
  return (
    <ScrollRegion label="Versions of the tone model">
      <table className="data">
        <thead>
          <tr>
            <th scope="col">Version</th><th scope="col">Role</th><th scope="col" className="num">Ratings</th><th scope="col" className="num">Corrections</th>
            <th scope="col" className="num">Learnt</th><th scope="col" className="num">Tested</th><th scope="col" className="num">F1, own</th>
            <th scope="col" className="num">F1, shipped</th><th scope="col" className="num">F1, VADER</th><th scope="col">Registered</th>
          </tr>
        </thead>
        <tbody>
          {model.versions.map(({ version, labels, figures, registered_at: at }) => (
            <tr key={version}>
              <td className="mono">{version}</td><td>{model.own?.version === version ? <Tag>Reads</Tag> : <span className="muted">Idle</span>}</td>
              <td className="num">{integer(labels.ratings)}</td><td className="num">{integer(labels.corrections)}</td>
              <td className="num">{integer(figures.learnt)}</td><td className="num">{integer(figures.tested)}</td><td className="num">{decimal(figures.own, 3)}</td>
              <td className="num">{decimal(figures.shipped, 3)}</td><td className="num">{decimal(figures.vader, 3)}</td><td><When at={at} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
