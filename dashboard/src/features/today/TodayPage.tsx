import { SegmentedControl, SimpleGrid, Skeleton, Text } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "~/api/client";
import { meQuery, todayQuery } from "~/api/queries";
import type { Today } from "~/api/types";
import { Stat } from "~/components/Numbers";
import { PageHead, Panel } from "~/components/Panel";
import { ProblemState, Rows } from "~/components/States";
import { integer, money, NONE } from "~/lib/format";
import { BandMix } from "./BandMix";
import { Hygiene } from "./Hygiene";
import { Sums } from "./Sums";
import { Tasks } from "./Tasks";
import classes from "./Today.module.css";
import { TodayList } from "./TodayList";

/** What to do today and why. */
export function TodayPage() {
  const api = useApi();
  const me = useQuery(meQuery(api));
  const [kept, setScope] = useLocalStorage<string>({ key: "copilot.today.scope", defaultValue: "" });
  const scope = kept === "mine" || kept === "all" ? kept : me.data?.role === "csm" ? "mine" : "all";
  const today = useQuery({ ...todayQuery(api, scope), enabled: me.data !== undefined });
  return (
    <>
      <PageHead title="Today" hint="What needs you first">
        <SegmentedControl
          value={scope} onChange={setScope} aria-label="Whose accounts"
          data={[{ value: "mine", label: "My accounts" }, { value: "all", label: "All accounts" }]}
        />
      </PageHead>
      {today.isError ? (
        <Panel><ProblemState error={today.error} onRetry={() => void today.refetch()} /></Panel>
      ) : today.data === undefined ? <Loading /> : <Content today={today.data} mine={scope === "mine"} />}
    </>
  );
}

function Content({ today, mine }: { today: Today; mine: boolean }) {
  const { complete, renewals_90d: { count, arr } } = today;
  const renewing = arr.filter(({ amount_minor: amount }, index) => amount !== 0 || (complete && index === 0));
  // A nought of a count that is not complete may be one only because the count has not come that far.
  const counted = (value: number) => (value === 0 && !complete ? NONE : integer(value));
  return (
    <>
      <div className={classes.top}>
        <SimpleGrid cols={{ base: 2, md: 4 }} spacing="md" className={classes.stats}>
          <Stat label={mine ? "My accounts" : "Accounts"}>{counted(today.accounts)}</Stat>
          <Sums label="ARR" sums={today.arr} complete={complete} />
          <Sums label="ARR at risk" sums={today.arr_at_risk} of={today.arr} complete={complete} />
          <Stat label="Renewals in 90 days">
            <span className="num">{counted(count)}</span>
            {renewing.length > 0 && (
              <div className={`${classes.under} num`}>
                {renewing.map((sum) => money(sum)).join(" · ")} to renew
              </div>
            )}
          </Stat>
        </SimpleGrid>
        <BandMix now={today.bands} before={today.bands_7d_ago} mine={mine} complete={complete} />
        {!complete && <Text size="xs" c="dimmed" role="note" className={classes.note}>{counting(today.accounts)}</Text>}
      </div>
      <div className={classes.columns}>
        <Panel
          flush title="Do first"
          hint="Ranked by severity, ARR and how near the renewal is"
          aside={<Text size="xs" c="dimmed">{integer(today.items.length)} of at most 10</Text>}
        >
          <TodayList items={today.items} accounts={today.accounts} />
        </Panel>
        <div className={classes.side}>
          <Tasks scope={mine ? "mine" : "all"} items={today.items} />
          <Panel flush title="Keep tidy" hint="Gaps that make scores less sure">
            <Hygiene items={today.hygiene} accounts={today.accounts} />
          </Panel>
        </div>
      </div>
    </>
  );
}

/** Accounts that the API counts at the most. */
const MOST_COUNTED = 200_000;

function counting(accounts: number): string {
  return accounts >= MOST_COUNTED
    ? `These figures are of ${integer(MOST_COUNTED)} accounts, not of all.`
    : "Figures are still being counted: some accounts join the sums and the changes at their next score.";
}

function Loading() {
  return (
    <>
      <div className={classes.top}>
        <SimpleGrid cols={{ base: 2, md: 4 }} className={classes.stats}>
          {[1, 2, 3, 4].map((key) => <Skeleton key={key} height={48} />)}
        </SimpleGrid>
        <Skeleton height={60} />
      </div>
      <div className={classes.columns}>
        <Panel flush title="Do first"><Rows count={8} height={26} /></Panel>
        <Panel flush title="Keep tidy"><Rows count={5} /></Panel>
      </div>
    </>
  );
}
