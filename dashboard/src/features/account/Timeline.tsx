import { Button, Checkbox, Group, NativeSelect, Text } from "@mantine/core";
import {
  IconActivity, IconAdjustments, IconBell, IconCircleDot, IconCreditCard, IconGauge, IconMessageStar, IconPhoneCall, IconReceipt2,
  IconTicket, IconTrophy, IconUser,
} from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { useApi } from "~/api/client";
import { meQuery, settingsQuery, timelineQuery } from "~/api/queries";
import type { TimelineItem } from "~/api/types";
import { useRows } from "~/api/useRows";
import { Panel } from "~/components/Panel";
import { SeverityBadge, Tag } from "~/components/SeverityBadge";
import { EmptyState, LookingFurther, ProblemState, Rows } from "~/components/States";
import { ToneNote } from "~/components/tone/ToneNote";
import { day, dayIn, instant, words } from "~/lib/format";
import { oneOf } from "~/lib/decode";
import { paths } from "~/lib/paths";
import { SEVERITIES, TIMELINE_KINDS } from "~/lib/vocabulary";
import classes from "./Account.module.css";

const icons: Record<string, typeof IconBell> = {
  alert: IconBell, score: IconGauge, ticket: IconTicket, invoice: IconReceipt2, subscription: IconCreditCard,
  activity: IconPhoneCall, survey: IconMessageStar, usage_day: IconActivity, outcome: IconTrophy, contact: IconUser,
  override: IconAdjustments,
};

/** What is counted per day of the tenant, and has no time of day. */
const WHOLE_DAYS = new Set<string>(["usage_day", "score"]);

export function Timeline({ id }: { id: string }) {
  const api = useApi();
  // Links lead to a kind of entries, and to those of negative tone.
  const [params] = useSearchParams();
  const [kind, setKind] = useState<string>(oneOf(TIMELINE_KINDS, params.get("kind")) ?? "");
  const [asked, setNegative] = useState(params.get("tone") === "negative");
  const read = useQuery(settingsQuery(api)).data?.settings.text_tone;
  const hasTone = kind === "" || kind === "ticket" || kind === "survey";
  const negative = asked && read === true && hasTone;
  const query = useInfiniteQuery(timelineQuery(api, id, kind, negative));
  const me = useQuery(meQuery(api)).data;
  const zone = me?.zone ?? "UTC";
  const readOnly = me === undefined || me.role === "viewer";
  const dayOf = ({ kind: of, at }: TimelineItem) => (WHOLE_DAYS.has(of) ? dayIn(at, zone) : day(at));
  const { rows: items, looking, retry } = useRows(query);
  return (
    <Panel
      flush title="Timeline" hint="Everything that happened, newest first"
      aside={(
        <Group gap="sm">
          {read === true && hasTone && (
            <Checkbox size="xs" label="Negative only" checked={asked} onChange={(event) => setNegative(event.currentTarget.checked)} />
          )}
          <NativeSelect
            size="xs" aria-label="Kind" value={kind} onChange={(event) => setKind(event.currentTarget.value)}
            data={[{ value: "", label: "Every kind" }, ...TIMELINE_KINDS.map((value) => ({ value, label: words(value) }))]}
          />
        </Group>
      )}
    >
      {query.isError && items.length === 0 ? <ProblemState error={query.error} onRetry={retry} />
        : query.isPending ? <Rows count={10} height={24} /> : looking ? <LookingFurther />
          : items.length === 0 && negative ? <EmptyState title="Nothing negative">No ticket or survey answer is read as negative.</EmptyState>
          : items.length === 0 ? <EmptyState title={kind === "" ? "Nothing yet" : `No ${words(kind).toLowerCase()} yet`}>Facts appear here as sources send them.</EmptyState>
            : items.map((item, index) => {
              const today = dayOf(item);
              const previous = items[index - 1];
              return (
                <Fragment key={item.id}>
                  {(previous === undefined || dayOf(previous) !== today) && <h3 className={classes.dayhead}>{today}</h3>}
                  <Row account={id} item={item} readOnly={readOnly} />
                </Fragment>
              );
            })}
      {read === false && (kind === "ticket" || kind === "survey") && (
        <Text size="xs" c="dimmed" p="sm">The tone of texts is not read. <Link to={paths.settings}>Switch it on in Settings</Link>.</Text>
      )}
      {query.hasNextPage && !looking && (
        <div style={{ padding: 12, textAlign: "center" }}>
          <Button variant="subtle" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Load older</Button>
        </div>
      )}
    </Panel>
  );
}

function Row({ account, item, readOnly }: { account: string; item: TimelineItem; readOnly: boolean }) {
  const severity = oneOf(SEVERITIES, item.severity);
  const Icon = icons[item.kind] ?? IconCircleDot;
  return (
    <div className={classes.time}>
      <Icon size={17} stroke={1.6} color="var(--muted)" style={{ marginTop: 2 }} aria-hidden />
      <div style={{ minWidth: 0 }}>
        <Text size="sm" fw={500} component="div">
          {item.title} {severity !== undefined && <SeverityBadge severity={severity} size="sm" />}
        </Text>
        {item.detail !== null && item.detail !== "" && <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>{item.detail}</Text>}
        <ToneNote account={account} item={item} readOnly={readOnly} />
      </div>
      <div style={{ textAlign: "right", whiteSpace: "nowrap" }}>
        <Tag title={`From ${item.source}`}>{words(item.kind)}</Tag>
        <Text size="xs" c="dimmed" className="num" title={instant(item.at)}>{WHOLE_DAYS.has(item.kind) ? "" : clock(item.at)}</Text>
      </div>
    </div>
  );
}

function clock(at: string): string {
  if (!at.includes("T")) return "";
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
}
