import { Text } from "@mantine/core";
import { IconActivity } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "~/api/client";
import { usageOutlookQuery } from "~/api/queries";
import type { ExpectedUsage, UsageOutlook } from "~/api/types";
import { OutlookChart } from "~/components/charts/OutlookChart";
import { Stat } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { day, decimal, integer, percent } from "~/lib/format";

/** Four weeks of key events against what was to be expected, and the 30 days to come. */
export function Outlook({ id }: { id: string }) {
  const query = useQuery(usageOutlookQuery(useApi(), id));
  return (
    <Panel title="Usage outlook" hint="Key events against what this account’s own weeks let expect, and where they are going">
      {query.isError ? <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        : query.isPending ? <Rows count={6} height={26} />
          : query.data.days.length === 0 ? (
            <EmptyState title="Too little history" icon={<IconActivity size={28} stroke={1.4} color="var(--muted)" aria-hidden />}>
              {missing(query.data)}
            </EmptyState>
          ) : <Shown outlook={query.data} />}
    </Panel>
  );
}

function missing({ history_days: days, days_missing: needed }: UsageOutlook): string {
  if (days === 0) return `No usage is known. Days can be judged after ${integer(needed)} days of usage.`;
  return `${integer(days)} days of usage are known; ${integer(needed)} more are needed before days can be judged.`;
}

function Shown({ outlook }: { outlook: UsageOutlook }) {
  const { days, week, forecast } = outlook;
  const odd = days.filter(({ anomaly }) => anomaly).length;
  return (
    <div style={{ display: "grid", gap: 16 }}>
      <div style={{ display: "grid", gap: "12px 20px", gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 200px), 1fr))" }}>
        {week !== null && <Stat label="Last 7 days" hint={`Usually ${integer(week.low)} to ${integer(week.high)}${week.anomaly ? ": out of the ordinary" : ""}`}>{integer(week.value)}</Stat>}
        <Stat label="Days out of the ordinary" hint={`Of the last ${integer(days.length)} days`}>{integer(odd)}</Stat>
        {forecast === null ? (
          <Stat label="Next 30 days" hint={outlook.forecast_days_missing > 0 ? `A forecast needs ${integer(outlook.forecast_days_missing)} more days of history` : "No use in the last 91 days: nothing to go on"}>No forecast</Stat>
        ) : (
          <Stat label={`Next 30 days, to ${day(forecast.to)}`} hint={`${percent(forecast.coverage)} interval: ${integer(forecast.low)} to ${integer(forecast.high)}`}>{integer(forecast.mid)}</Stat>
        )}
      </div>
      {forecast !== null && (
        <Text size="sm">
          From {day(forecast.from)} to {day(forecast.to)} about {integer(forecast.mid)} key events are to be expected; with a chance of {percent(forecast.coverage)} between {integer(forecast.low)} and {integer(forecast.high)}.
        </Text>
      )}
      <OutlookChart days={days} />
      <Days days={days} />
    </div>
  );
}

function Days({ days }: { days: readonly ExpectedUsage[] }) {
  return (
    <ScrollRegion label="Usage against what was expected" maxHeight={280}>
      <table className="data">
        <thead><tr><th scope="col">Day</th><th scope="col" className="num">Key events</th><th scope="col" className="num">Expected</th><th scope="col" className="num">Usual range</th><th scope="col" className="num">Deviations</th><th scope="col">Judged</th></tr></thead>
        <tbody>
          {days.toReversed().map((row) => (
            <tr key={row.day}>
              <td style={{ whiteSpace: "nowrap" }}>{day(row.day)}</td><td className="num">{integer(row.value)}</td><td className="num">{integer(row.expected)}</td>
              <td className="num">{integer(row.low)} to {integer(row.high)}</td><td className="num">{decimal(row.score)}</td>
              <td>{row.anomaly ? <strong>Out of the ordinary</strong> : "Usual"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
