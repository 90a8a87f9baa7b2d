import type { ReactNode } from "react";
import type { AccountDetail } from "~/api/types";
import { When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { day, decimal, integer, money, NONE, plain, words } from "~/lib/format";
import classes from "./Account.module.css";

export function Details({ account }: { account: AccountDetail }) {
  const rows: [string, ReactNode][] = [
    ["External id", <span key="id" className="mono">{account.external_id}</span>],
    ["Plan", account.plan ?? NONE],
    ["Seats", integer(account.seats)],
    ["MRR", money(account.mrr, "full")],
    ["Contract since", day(account.contract_start)],
    ...(account.cancel_notice_at === null ? [] : [["Notice given", day(account.cancel_notice_at)] satisfies [string, ReactNode]]),
    ["Industry", words(account.industry)],
    ["Country", account.country ?? NONE],
    ["Employees", integer(account.employees)],
    ["Pulse", account.pulse === null ? NONE : `${account.pulse} of 5`],
    ...(account.parent === null ? [] : [["Parent", account.parent] satisfies [string, ReactNode]]),
    ["Band changes, 30 d", integer(account.stability?.band_changes_30d)],
    ["Moves a day by", account.stability === null || account.stability.mean_abs_change_30d === null ? NONE : `${decimal(account.stability.mean_abs_change_30d)} points`],
    ["Last touch", <When key="touch" at={account.last_touch_at} />],
    ...Object.entries(account.custom).map(([key, value]): [string, ReactNode] => [words(key), plain(value)]),
    ["Known as", account.identities.map(({ source, id }) => `${source}: ${id}`).join(", ") || NONE],
  ];
  return (
    <Panel title="Details">
      <dl className={classes.pairs}>
        {rows.map(([label, value]) => <div key={label} style={{ display: "contents" }}><dt>{label}</dt><dd>{value}</dd></div>)}
      </dl>
    </Panel>
  );
}
