import { IconChevronDown, IconChevronUp, IconSelector } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, memo, useEffect, useRef } from "react";
import { Link } from "react-router";
import type { AccountCard } from "~/api/types";
import { AccountMark } from "~/components/AccountMark";
import { ScrollRegion } from "~/components/ScrollRegion";
import { paths } from "~/lib/paths";
import type { SortField } from "~/lib/urlState";
import type { Column } from "./columns";
import classes from "./Portfolio.module.css";

const ROW = 44;
const NAME_WIDTH = 250;

interface PortfolioTableProps {
  rows: readonly AccountCard[];
  total: number | null;
  columns: readonly Column[];
  sort: SortField;
  descending: boolean;
  onSort: (field: SortField) => void;
  onNearEnd: () => void;
  loadingMore: boolean;
}

/** A table of any length: only the rows in sight are in the page. */
export function PortfolioTable(props: PortfolioTableProps) {
  const { rows, total, columns, sort, descending, onSort, onNearEnd, loadingMore } = props;
  const scroller = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const lastIndex = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && lastIndex > rows.length - 200) onNearEnd();
  }, [lastIndex, rows.length, onNearEnd]);
  const width = columns.reduce((sum, column) => sum + column.width, NAME_WIDTH);
  const head = { sort, descending, onSort };
  const grid: CSSProperties = { "--columns": [NAME_WIDTH, ...columns.map((column) => column.width)].map((w) => `minmax(${w}px, ${w}fr)`).join(" ") };

  return (
    <ScrollRegion label="Accounts, scrolls both ways" className={classes.scroller} ref={scroller}>
      <div
        role="table" className={classes.table} style={{ width: `max(100%, ${width}px)`, ...grid }} aria-label="Accounts"
        aria-rowcount={(total ?? rows.length) + 1} aria-busy={loadingMore}
      >
        <div role="rowgroup" className={classes.head}>
          <div role="row" className={classes.row} aria-rowindex={1}>
            <HeadCell label="Account" field="name" {...head} />
            {columns.map(({ id, label, sort: field, numeric }) => (
              <HeadCell key={id} label={label} {...(field === undefined ? {} : { field })} numeric={numeric ?? false} {...head} />
            ))}
          </div>
        </div>
        <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, key, start }) => {
            const account = rows[index];
            return account === undefined ? null : <Row key={key} account={account} index={index} start={start} columns={columns} />;
          })}
        </div>
      </div>
    </ScrollRegion>
  );
}

interface RowProps {
  account: AccountCard;
  index: number;
  start: number;
  columns: readonly Column[];
}

const Row = memo(function Row({ account, index, start, columns }: RowProps) {
  return (
    <div role="row" className={classes.row} aria-rowindex={index + 2} style={{ transform: `translateY(${start}px)` }}>
      <div role="rowheader">
        <Link to={paths.account(account.id)} className={classes.account}>
          <AccountMark name={account.name} size={26} />
          <span className="clip">{account.name}</span>
        </Link>
      </div>
      {columns.map(({ id, numeric, show }) => (
        <div key={id} role="cell" className={numeric ? "num" : undefined} data-numeric={numeric}><div className="clip">{show(account)}</div></div>
      ))}
    </div>
  );
});

interface HeadCellProps {
  label: string;
  field?: SortField;
  numeric?: boolean;
  sort: SortField;
  descending: boolean;
  onSort: (field: SortField) => void;
}

function HeadCell({ label, field, numeric = false, sort, descending, onSort }: HeadCellProps) {
  if (field === undefined) return <div role="columnheader" data-numeric={numeric}>{label}</div>;
  const active = sort === field;
  const Icon = active ? (descending ? IconChevronDown : IconChevronUp) : IconSelector;
  return (
    <div role="columnheader" data-numeric={numeric} aria-sort={active ? (descending ? "descending" : "ascending") : "none"}>
      <button type="button" className={classes.sort} data-active={active} onClick={() => onSort(field)}>
        {label}
        <Icon size={13} aria-hidden />
      </button>
    </div>
  );
}
