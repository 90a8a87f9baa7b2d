import { Link } from "react-router";
import type { ProductOwners } from "~/api/types";
import { ScrollRegion } from "~/components/ScrollRegion";
import { integer, person } from "~/lib/format";
import { paths } from "~/lib/paths";
import { ownersText } from "~/lib/products";
import { Cell } from "./Cell";
import type { Grid } from "./view";
import classes from "./WhiteSpace.module.css";

interface GridTableProps {
  grid: Grid;
  product: string | undefined;
  busy: boolean;
  onChoose: (product: string | undefined) => void;
}

/** Accounts by products. A product's name chooses it, and takes the choice back. */
export function GridTable({ grid: { columns, rows }, product, busy, onChoose }: GridTableProps) {
  return (
    <ScrollRegion label="Grid of accounts and products" className={classes.scroller}>
      <table className={classes.grid} aria-busy={busy}>
        <thead>
          <tr>
            <th scope="col">Account</th>
            {columns.map((column) => (
              <th key={column.name} scope="col" data-chosen={column.name === product}>
                <Head column={column} chosen={column.name === product} onChoose={onChoose} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ account, name, owner, owned, cells }) => (
            <tr key={account}>
              <th scope="row">
                <Link className="plain" to={paths.account(account)}>{name}</Link>
                <span className={classes.under}>{owner === null ? "No owner" : person(owner)} · <span className={classes.whole}>owns {integer(owned)}</span></span>
              </th>
              {columns.map((column, place) => <Cell key={column.name} cell={cells[place]} />)}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function Head({ column, chosen, onChoose }: { column: ProductOwners; chosen: boolean; onChoose: GridTableProps["onChoose"] }) {
  const { name, owners, sold } = column;
  const words = (
    <>
      <span className={classes.product}>{name}</span>
      {ownersText(column) !== "" && <span className={classes.under}>{ownersText(column)}</span>}
    </>
  );
  // Without a count nothing was learnt of it, and what nobody buys any more is told to nobody.
  if (!chosen && (owners === null || !sold)) return <span title={name}>{words}</span>;
  return (
    <button
      type="button" className={classes.head} aria-pressed={chosen} title={chosen ? `${name}: show every account` : `${name}: show the accounts that it fits best`}
      onClick={() => onChoose(chosen ? undefined : name)}
    >
      {words}
    </button>
  );
}
