import { Skeleton, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { useParams, useSearchParams } from "react-router";
import { useApi } from "~/api/client";
import { accountQuery } from "~/api/queries";
import { Panel } from "~/components/Panel";
import { ProblemState, Rows } from "~/components/States";
import { oneOf } from "~/lib/decode";
import classes from "./Account.module.css";
import { AccountHeader } from "./AccountHeader";
import { Children } from "./Children";
import { Details } from "./Details";
import { NextActions } from "./NextActions";
import { OpenAlerts } from "./OpenAlerts";
import { Predictions } from "./Predictions";
import { Products } from "./Products";
import { Scorecards } from "./Scorecards";
import { Why } from "./Why";

const History = lazy(async () => ({ default: (await import("./History")).History }));
const Usage = lazy(async () => ({ default: (await import("./Usage")).Usage }));
const Timeline = lazy(async () => ({ default: (await import("./Timeline")).Timeline }));
const Facts = lazy(async () => ({ default: (await import("./Facts")).Facts }));

const TABS = ["health", "usage", "timeline", "facts"] as const;
const tabLabel = { health: "Health", usage: "Usage", timeline: "Timeline", facts: "Facts" };

/** One account: how it stands, why, what happened, and what to do. */
export function AccountPage() {
  const { id = "" } = useParams();
  const [params, setParams] = useSearchParams();
  const tab = oneOf(TABS, params.get("tab")) ?? "health";
  const view = useQuery(accountQuery(useApi(), id));
  if (view.isError) return <Panel><ProblemState error={view.error} onRetry={() => void view.refetch()} /></Panel>;
  if (view.data === undefined) return <Loading />;
  const { account, assessment, alerts, next_actions: actions } = view.data;
  return (
    <>
      <AccountHeader account={account} assessment={assessment} />
      <Tabs
        value={tab} keepMounted={false} mt="md"
        onChange={(value) => setParams(value === null || value === "health" ? {} : { tab: value }, { replace: true })}
      >
        <Tabs.List mb="md">
          {TABS.map((value) => <Tabs.Tab key={value} value={value}>{tabLabel[value]}</Tabs.Tab>)}
        </Tabs.List>
        <Suspense fallback={<Panel flush><Rows count={10} /></Panel>}>
          <Tabs.Panel value="health">
            <div className={classes.columns}>
              <div className={classes.column}>
                <Why account={account} assessment={assessment} />
                <Scorecards assessment={assessment} />
                <Children id={id} />
                <History id={id} />
                <Products id={id} />
              </div>
              <div className={classes.column}>
                <OpenAlerts id={id} alerts={alerts} />
                <NextActions actions={actions} />
                <Predictions id={id} missing={assessment?.missing ?? []} measures={assessment?.health.measures ?? []} />
                <Details account={account} />
              </div>
            </div>
          </Tabs.Panel>
          <Tabs.Panel value="usage"><Usage id={id} /></Tabs.Panel>
          <Tabs.Panel value="timeline"><Timeline id={id} /></Tabs.Panel>
          <Tabs.Panel value="facts"><Facts id={id} /></Tabs.Panel>
        </Suspense>
      </Tabs>
    </>
  );
}

function Loading() {
  return (
    <div role="status" aria-label="Loading the account">
      <Panel><Skeleton height={76} /></Panel>
      <Skeleton height={32} my="md" width={320} />
      <div className={classes.columns}>
        <Panel flush><Rows count={14} /></Panel>
        <Panel flush><Rows count={8} /></Panel>
      </div>
    </div>
  );
}
