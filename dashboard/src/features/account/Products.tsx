import { Button, Text } from "@mantine/core";
import { IconPackages } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import { useApi } from "~/api/client";
import { accountProductsQuery } from "~/api/products";
import type { AccountProducts, NextProduct, OwnedProduct } from "~/api/types";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { day, integer, sentence } from "~/lib/format";
import { paths } from "~/lib/paths";
import { reasonText, restText } from "~/lib/products";
import classes from "./Account.module.css";

const NEXT = 5;
const OWNED = 10;

/** What the account owns and is likely to take next, each with its reason in counts. */
export function Products({ id }: { id: string }) {
  const query = useQuery(accountProductsQuery(useApi(), id));
  return (
    <Panel flush title="Products" hint="What it owns, and what it is likely to take next: what others took that own the same">
      {query.isError ? <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        : query.isPending ? <Rows count={5} />
          : query.data.owned_total === 0 ? (
            <EmptyState title="No bill names a product" icon={<IconPackages size={28} stroke={1.4} color="var(--muted)" aria-hidden />}>
              Send <code className="mono">products</code> with invoices.
            </EmptyState>
          ) : (
            <>
              <Next products={query.data} />
              <Owned rows={query.data.owned} total={query.data.owned_total} />
            </>
          )}
    </Panel>
  );
}

function Next({ products: { next, version, note } }: { products: AccountProducts }) {
  const [all, setAll] = useState(false);
  return (
    <div className={classes.part}>
      <h3 className={classes.parthead}>Likely next</h3>
      {note !== null && (
        <Text size="sm">
          {sentence(note)}.{version === null && <> An admin can let the copilot learn under <Link to={paths.models}>Models</Link>.</>}
        </Text>
      )}
      {next.length > 0 && (
        <ol className={classes.next} aria-label="Likely next">
          {(all ? next : next.slice(0, NEXT)).map((row) => <One key={row.product} row={row} />)}
        </ol>
      )}
      {next.length > NEXT && <More all={all} onChange={setAll}>Show {integer(next.length - NEXT)} more</More>}
      {version !== null && <Text size="xs" c="dimmed">Told by version <span className="mono">{version}</span>, the likeliest first; it gives no probability.</Text>}
    </div>
  );
}

function One({ row }: { row: NextProduct }) {
  const [open, setOpen] = useState(false);
  const [first, ...others] = row.because;
  const further = [...others.map((reason) => reasonText(row.product, reason)), restText(row)].filter((text) => text !== undefined);
  return (
    <li>
      <Text size="sm" fw={600} component={Link} className="plain" to={paths.fitting(row.product)} title="See every account that it fits">{row.product}</Text>
      {first !== undefined && <Text size="sm">{reasonText(row.product, first)}</Text>}
      {further.length > 0 && (
        <Button variant="subtle" size="compact-xs" ml={-6} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Fewer reasons" : "More reasons"}<span className="visually-hidden">&nbsp;for {row.product}</span>
        </Button>
      )}
      {open && <ul className={classes.reasons}>{further.map((text) => <li key={text}>{text}</li>)}</ul>}
    </li>
  );
}

function Owned({ rows, total }: { rows: readonly OwnedProduct[]; total: number }) {
  const [all, setAll] = useState(false);
  // Where no event is named like a product, an empty column of use would accuse the account.
  const tracked = rows.some(({ used }) => used !== null);
  return (
    <div>
      <h3 className={`${classes.parthead} ${classes.inset}`}>Owns {integer(total)}</h3>
      <ScrollRegion label="Products that it owns" {...(all ? { maxHeight: 480 } : {})}>
        <table className="data">
          <thead>
            <tr><th scope="col">Product</th><th scope="col">First bought</th><th scope="col">Last bought</th><th scope="col" className="num">Bills</th>{tracked && <th scope="col">Last used</th>}</tr>
          </thead>
          <tbody>
            {(all ? rows : rows.slice(0, OWNED)).map((row) => (
              <tr key={row.product}>
                <td className={classes.product}>{row.product}</td>
                <td style={{ whiteSpace: "nowrap" }}>{day(row.first)}</td><td style={{ whiteSpace: "nowrap" }}>{day(row.last)}</td><td className="num">{integer(row.bills)}</td>
                {tracked && <td style={{ whiteSpace: "nowrap" }}>{row.used === null ? <span className="muted">Not seen in use</span> : day(row.used)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      {rows.length > OWNED && (
        <div className={classes.inset}>
          <More all={all} onChange={setAll}>Show all {integer(rows.length)}</More>
          {all && total > rows.length && <Text size="xs" c="dimmed">The {integer(rows.length)} bought last are listed.</Text>}
        </div>
      )}
    </div>
  );
}

function More({ all, onChange, children }: { all: boolean; onChange: (all: boolean) => void; children: ReactNode }) {
  return <Button variant="subtle" size="compact-xs" ml={-6} w="fit-content" aria-expanded={all} onClick={() => onChange(!all)}>{all ? "Show fewer" : children}</Button>;
}
