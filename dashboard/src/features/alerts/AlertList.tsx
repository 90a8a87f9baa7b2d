import { Button } from "@mantine/core";
import type { Alert } from "~/api/types";
import { When } from "~/components/Numbers";
import { SeverityBadge, Tag } from "~/components/SeverityBadge";
import { integer, money, words } from "~/lib/format";
import classes from "./Alerts.module.css";

interface AlertListProps {
  rows: readonly Alert[];
  chosen: string | undefined;
  onChoose: (alert: Alert) => void;
  onMore: () => void;
  hasMore: boolean;
  loadingMore: boolean;
}

function reveal(row: HTMLElement | null): void {
  row?.scrollIntoView({ block: "nearest" });
}

export function AlertList({ rows, chosen, onChoose, onMore, hasMore, loadingMore }: AlertListProps) {
  return (
    <ul className={classes.list} aria-label="Alerts">
      {rows.map((alert) => (
        <li key={alert.id} ref={alert.id === chosen ? reveal : null}>
          <button
            type="button" className={classes.row} aria-current={alert.id === chosen} data-done={alert.status !== "open"}
            onClick={() => onChoose(alert)}
          >
            <span className={classes.line}>
              <strong className="clip">{alert.account.name ?? "Account without a name"}</strong>
              <span className={classes.age}><When at={alert.opened_at} /></span>
            </span>
            <span className={classes.title}>{alert.title}</span>
            <span className={classes.line}>
              <span className={classes.meta}>
                <SeverityBadge severity={alert.severity} size="sm" />
                {alert.status !== "open" && <Tag>{words(alert.status)}</Tag>}
                {alert.type === "opportunity" && <Tag>Opportunity</Tag>}
                {alert.seen_count > 1 && <span className="muted num">seen {integer(alert.seen_count)}×</span>}
              </span>
              <span className="muted num">{money(alert.account.arr)}</span>
            </span>
          </button>
        </li>
      ))}
      {hasMore && (
        <li style={{ padding: 10, textAlign: "center" }}>
          <Button variant="subtle" loading={loadingMore} onClick={onMore}>Load more</Button>
        </li>
      )}
    </ul>
  );
}
