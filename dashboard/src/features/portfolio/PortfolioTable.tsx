import { IconChevronDown, IconChevronUp, IconSelector } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useRef } from "react";
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
    count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const lastIndex = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && lastIndex > rows.length - 200) onNearEnd();
  }, [lastIndex, rows.length, onNearEnd]);
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const width = columns.reduce((sum, column) => sum + column.width, NAME_WIDTH);
  const head = { sort, descending, onSort };

  return (
    <ScrollRegion label="Accounts, scrolls both ways" className={classes.scroller} ref={scroller}>
      <table
        className={classes.table} style={{ width: `max(100%, ${width}px)` }} aria-rowcount={(total ?? rows.length) + 1}
        aria-busy={loadingMore}
      >
        <colgroup>
          <col style={{ width: NAME_WIDTH }} />
          {columns.map((column) => <col key={column.id} style={{ width: column.width }} />)}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <HeadCell label="Account" field="name" {...head} />
            {columns.map(({ id, label, sort: field, numeric }) => (
              <HeadCell key={id} label={label} {...(field === undefined ? {} : { field })} numeric={numeric ?? false} {...head} />
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <tr aria-hidden style={{ height: above }}><td colSpan={columns.length + 1} /></tr>}
          {items.map(({ index, key }) => {
            const account = rows[index];
            return account === undefined ? null : <Row key={key} account={account} index={index} columns={columns} />;
          })}
          {below > 0 && <tr aria-hidden style={{ height: below }}><td colSpan={columns.length + 1} /></tr>}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

const Row = memo(function Row({ account, index, columns }: { account: AccountCard; index: number; columns: readonly Column[] }) {
  return (
    <tr aria-rowindex={index + 2} style={{ height: ROW }}>
      <th scope="row">
        <Link to={paths.account(account.id)} className={classes.account}>
          <AccountMark name={account.name} size={26} />
          <span className="clip">{account.name}</span>
        </Link>
      </th>
      {columns.map(({ id, numeric, show }) => (
        <td key={id} className={numeric ? "num" : undefined} data-numeric={numeric}>{show(account)}</td>
      ))}
    </tr>
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
  if (field === undefined) return <th scope="col" data-numeric={numeric}>{label}</th>;
  const active = sort === field;
  const Icon = active ? (descending ? IconChevronDown : IconChevronUp) : IconSelector;
  return (
    <th scope="col" data-numeric={numeric} aria-sort={active ? (descending ? "descending" : "ascending") : "none"}>
      <button type="button" className={classes.sort} data-active={active} onClick={() => onSort(field)}>
        {label}
        <Icon size={13} aria-hidden />
      </button>
    </th>
  );
}
