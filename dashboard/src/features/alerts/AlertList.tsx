import { Button, Checkbox } from "@mantine/core";
import type { MouseEvent } from "react";
import type { Alert } from "~/api/types";
import { When } from "~/components/Numbers";
import { SeverityBadge, Tag } from "~/components/SeverityBadge";
import { integer, money, words } from "~/lib/format";
import classes from "./Alerts.module.css";
import type { Selection } from "./useSelection";

interface AlertListProps {
  rows: readonly Alert[];
  chosen: string | undefined;
  onChoose: (alert: Alert) => void;
  onMore: () => void;
  hasMore: boolean;
  loadingMore: boolean;
  failedMore: boolean;
  /** Left out where nothing can be changed. */
  selection: Selection | undefined;
}

function reveal(row: HTMLElement | null): void {
  row?.scrollIntoView({ block: "nearest" });
}

/** Shift and click takes a range of alerts, not of text. */
function keepText(event: MouseEvent): void {
  if (event.shiftKey) event.preventDefault();
}

/** The click tells whether Shift was held; the change does not. */
function noChange(): void {
  // Nothing more to do.
}

export function AlertList({ rows, chosen, onChoose, onMore, hasMore, loadingMore, failedMore, selection }: AlertListProps) {
  return (
    <ul className={classes.list} aria-label="Alerts">
      {rows.map((alert) => (
        <li key={alert.id} ref={alert.id === chosen ? reveal : null} className={classes.entry} data-selected={selection?.has(alert.id) ?? false}>
          {selection !== undefined && (
            <Checkbox
              size="xs" className={classes.tick} checked={selection.has(alert.id)} onChange={noChange}
              aria-label={`Select: ${alert.account.name ?? ""}, ${alert.title}`}
              onMouseDown={keepText} onClick={(event) => selection.pick(alert.id, event.shiftKey)}
            />
          )}
          <button
            type="button" className={classes.row} aria-current={alert.id === chosen} data-done={alert.status !== "open"}
            onMouseDown={keepText}
            onClick={(event) => { if (event.shiftKey && selection !== undefined) selection.pick(alert.id, true); else onChoose(alert); }}
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
          <Button variant="subtle" loading={loadingMore} onClick={onMore}>{failedMore ? "The next ones failed: try again" : "Load more"}</Button>
        </li>
      )}
    </ul>
  );
}
