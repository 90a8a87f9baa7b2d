import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "react-router";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import { productsQuery } from "~/api/products";
import type { ProductFigures, ProductsView } from "~/api/types";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { useWallClock } from "~/components/clock";
import { Stat, When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { Tag } from "~/components/SeverityBadge";
import { ProblemState, Rows } from "~/components/States";
import { integer, percent, person, signed } from "~/lib/format";
import { isUnderWay } from "~/lib/learnt";
import { paths } from "~/lib/paths";
import { gainText, worthText } from "~/lib/products";
import classes from "./Models.module.css";
import { Run } from "./Run";

/** What was learnt of which products go together: what answers, what it learnt from, how well it does. */
export function ProductsPanel({ readOnly }: { readOnly: boolean }) {
  const query = useQuery(productsQuery(useApi()));
  if (query.isError) return <Panel title="Products"><ProblemState error={query.error} onRetry={() => void query.refetch()} /></Panel>;
  if (query.data === undefined) return <Panel flush title="Products"><Rows count={3} height={24} /></Panel>;
  return <Learnt view={query.data} readOnly={readOnly} />;
}

function Learnt({ view, readOnly }: { view: ProductsView; readOnly: boolean }) {
  const { own, last_run: run } = view;
  const underWay = isUnderWay(run, useWallClock());
  const { learn, back } = useDecideProducts(view);
  const figures = view.versions.find(({ version }) => version === own?.version)?.figures;
  return (
    <Panel
      flush title="Products"
      aside={!readOnly && (
        <Group gap="xs">
          {view.can_go_back && <Button size="xs" variant="default" aria-label="Go back to what was learnt of products before" loading={back.isPending} onClick={() => back.mutate()}>Go back</Button>}
          <Button size="xs" aria-label="Learn products" disabled={underWay} loading={learn.isPending} onClick={() => learn.mutate()}>Learn</Button>
        </Group>
      )}
    >
      <div className={classes.body}>
        <div className={classes.stats}>
          <Stat label="Answers now" hint={own === null ? "Nothing is told as likely next" : <>Since <When at={own.since} /></>}>{own === null || view.lost ? "Nothing" : own.version}</Stat>
          <Stat label="Accounts that took something new" hint={`In the months of the test; ${integer(view.takers_needed)} are needed`}>{run?.figures ? integer(run.figures.accounts) : "Not counted yet"}</Stat>
        </div>
        {view.lost && own !== null && <Text size="sm"><strong>{own.version} cannot be loaded:</strong> nothing is told as likely next. Learn again, or go back.</Text>}
        <Text size="sm">
          Learns which products go together, from <code className="mono">products</code> of invoices and the plans of subscriptions. It answers only where its lists are better than that of what most accounts own, on months that it has not seen. What it tells stands on each account and in the <Link to={paths.whiteSpace}>white space</Link>.
        </Text>
        {figures !== undefined && <Worth figures={figures} />}
        {run !== null && <Run run={run} underWay={underWay} label="Last run" again="learn again" />}
      </div>
      {view.versions.length > 0 && <Versions view={view} />}
    </Panel>
  );
}

function useDecideProducts({ etag }: ProductsView) {
  const api = useApi();
  const cache = useQueryClient();
  const { queryKey } = productsQuery(api);
  const again = () => cache.invalidateQueries({ queryKey });
  const learn = useMutation({
    mutationFn: () => unwrap(api.POST("/v1/products/runs", { params: { header: idempotencyKey() } })),
    onSuccess: () => {
      notifications.show({ message: "Products: learning is queued", autoClose: 4000 });
      return again();
    },
    onError: (error) => reportFailure(error, "Not learnt"),
  });
  const back = useMutation({
    mutationFn: () => unwrap(api.POST("/v1/products/rollback", { params: { header: { ...idempotencyKey(), "If-Match": etag } } })),
    onSuccess: (now) => {
      cache.setQueryData(queryKey, now);
      void cache.invalidateQueries({ queryKey: ["white-space"] });
      void cache.invalidateQueries({ predicate: (query) => query.queryKey[0] === "account" && query.queryKey[2] === "products" });
      notifications.show({ message: `Products: ${now.own === null ? "nothing is told any more" : `${now.own.version} answers again`}`, autoClose: 4000 });
    },
    onError: (error) => {
      reportFailure(error, "Not gone back");
      void again();
    },
  });
  return { learn, back };
}

function Worth({ figures }: { figures: ProductFigures }) {
  return (
    <div className={classes.run}>
      <Text size="sm">{worthText(figures)}</Text>
      <Text size="xs" c="dimmed">{gainText(figures)}</Text>
    </div>
  );
}

function Versions({ view }: { view: ProductsView }) {
  return (
    <ScrollRegion label="Versions of what was learnt of products">
      <table className="data">
        <thead>
          <tr>
            <th scope="col">Version</th><th scope="col">Role</th><th scope="col" className="num">Accounts</th><th scope="col" className="num">Products</th>
            <th scope="col" className="num">Cases</th><th scope="col" className="num">First three, ours</th><th scope="col" className="num">First three, most owned</th>
            <th scope="col" className="num">Gain, 95%</th><th scope="col">Registered</th>
          </tr>
        </thead>
        <tbody>
          {view.versions.map(({ version, accounts, products, figures, registered_at: at, registered_by: by }) => (
            <tr key={version}>
              <td className="mono" style={{ whiteSpace: "nowrap" }}>{version}</td><td>{view.own?.version === version ? <Tag>Answers</Tag> : <span className="muted">Idle</span>}</td>
              <td className="num">{integer(accounts)}</td><td className="num">{integer(products)}</td><td className="num">{integer(figures.cases)}</td>
              <td className="num">{percent(figures.ours.at_3, 1)}</td><td className="num">{percent(figures.popular.at_3, 1)}</td>
              <td className="num">{signed(figures.gain_low, 3)} to {signed(figures.gain_high, 3)}</td>
              <td><When at={at} /> by {person(by)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
