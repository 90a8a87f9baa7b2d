import type { ReactNode } from "react";
import type { AccountCard } from "~/api/types";
import { BandBadge } from "~/components/BandBadge";
import { Coverage, Delta, When } from "~/components/Numbers";
import { SeverityBadge } from "~/components/SeverityBadge";
import { Sparkline } from "~/components/Sparkline";
import type { Cell } from "~/lib/csv";
import { day, integer, money, moneyValue, NONE, percent, person, score, words } from "~/lib/format";
import type { ColumnId, SortField } from "~/lib/urlState";

export interface Column {
  id: ColumnId;
  label: string;
  width: number;
  numeric?: boolean;
  sort?: SortField;
  show: (account: AccountCard) => ReactNode;
  csv: (account: AccountCard) => Cell;
}

function Pulse({ value }: { value: number | null }) {
  if (value === null) return <span className="muted">{NONE}</span>;
  return (
    <span style={{ display: "inline-flex", gap: 6, alignItems: "center" }}>
      <span aria-hidden style={{ display: "inline-flex", gap: 2 }}>
        {[1, 2, 3, 4, 5].map((step) => (
          <span
            key={step}
            style={{ width: 5, height: 9, borderRadius: 1, background: step <= value ? "var(--accent)" : "var(--line-strong)" }}
          />
        ))}
      </span>
      <span className="num">{value}</span>
    </span>
  );
}

export const columns: readonly Column[] = [
  {
    id: "score", label: "Health", width: 200, sort: "score",
    show: (a) => (
      <span style={{ display: "inline-flex", alignItems: "center", gap: 8 }}>
        <strong className="num" style={{ width: 34, textAlign: "right" }}>{score(a.score)}</strong>
        <BandBadge band={a.band} size="sm" />
      </span>
    ),
    csv: (a) => a.score,
  },
  { id: "spark", label: "Trend", width: 112, show: (a) => <Sparkline points={a.spark} />, csv: (a) => a.delta_30d },
  { id: "delta", label: "7 days", width: 84, numeric: true, show: (a) => <Delta value={a.delta_7d} />, csv: (a) => a.delta_7d },
  { id: "coverage", label: "Coverage", width: 104, show: (a) => <Coverage value={a.coverage} />, csv: (a) => a.coverage },
  {
    id: "risk", label: "Churn risk", width: 108, numeric: true,
    show: (a) => (
        <span className="num" title={a.churn_method === "model" ? "Predicted by the model" : "Estimated by rules"}>
          {percent(a.churn_probability)}
          {a.churn_method !== null && <span className="muted" style={{ fontSize: "0.6875rem" }}> {a.churn_method}</span>}
        </span>
    ),
    csv: (a) => a.churn_probability,
  },
  {
    id: "arr", label: "ARR", width: 104, numeric: true, sort: "arr",
    show: (a) => <span className="num">{money(a.arr)}</span>, csv: (a) => (a.arr === null ? null : moneyValue(a.arr)),
  },
  {
    id: "renewal", label: "Renewal", width: 128, numeric: true, sort: "renewal",
    show: (a) => (
      <span className="num">
        {day(a.renewal_date)}
        {a.days_to_renewal !== null && <span className="muted" style={{ display: "block", fontSize: "0.6875rem" }}>{integer(a.days_to_renewal)} d</span>}
      </span>
    ),
    csv: (a) => a.renewal_date,
  },
  { id: "stage", label: "Stage", width: 104, show: (a) => words(a.stage), csv: (a) => a.stage },
  { id: "touch", label: "Touch", width: 84, show: (a) => words(a.touch), csv: (a) => a.touch },
  { id: "owner", label: "Owner", width: 132, show: (a) => <span title={a.owner ?? undefined}>{person(a.owner)}</span>, csv: (a) => a.owner },
  { id: "last_touch", label: "Last touch", width: 116, show: (a) => <When at={a.last_touch_at} />, csv: (a) => a.last_touch_at },
  { id: "pulse", label: "Pulse", width: 84, show: (a) => <Pulse value={a.pulse} />, csv: (a) => a.pulse },
  {
    id: "alerts", label: "Open alerts", width: 128,
    show: (a) => a.open_alerts === 0 ? <span className="muted">none</span> : (
      <span style={{ display: "inline-flex", gap: 6, alignItems: "center" }}>
        <strong className="num">{integer(a.open_alerts)}</strong>
        {a.top_alert !== null && <SeverityBadge severity={a.top_alert.severity} size="sm" />}
      </span>
    ),
    csv: (a) => a.open_alerts,
  },
  { id: "reason", label: "Main reason", width: 260, show: (a) => <span title={a.top_reason ?? undefined}>{a.top_reason ?? NONE}</span>, csv: (a) => a.top_reason },
  { id: "segment", label: "Segment", width: 110, show: (a) => words(a.segment), csv: (a) => a.segment },
  { id: "mrr", label: "MRR", width: 92, numeric: true, show: (a) => <span className="num">{money(a.mrr)}</span>, csv: (a) => (a.mrr === null ? null : moneyValue(a.mrr)) },
  { id: "domain", label: "Domain", width: 150, show: (a) => a.domain ?? NONE, csv: (a) => a.domain },
];
