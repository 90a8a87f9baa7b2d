import { Button, NativeSelect, SegmentedControl, Text } from "@mantine/core";
import { IconLayoutGrid } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link, useSearchParams } from "react-router";
import { useApi } from "~/api/client";
import { ApiError } from "~/api/errors";
import { KEPT_FITTING, MOST_FITTING, productsQuery, whiteSpaceQuery } from "~/api/products";
import { meQuery } from "~/api/queries";
import type { ProductsView } from "~/api/types";
import { useRows } from "~/api/useRows";
import { PageHead, Panel } from "~/components/Panel";
import { EmptyState, LookingFurther, ProblemState, Rows } from "~/components/States";
import { oneOf } from "~/lib/decode";
import { integer } from "~/lib/format";
import { paths } from "~/lib/paths";
import { ownersText } from "~/lib/products";
import { Legend } from "./Cell";
import { GridTable } from "./GridTable";
import { type Grid, type GridView, gridOf, readGrid, writeGrid } from "./view";
import classes from "./WhiteSpace.module.css";

const NO_PAGES: Parameters<typeof gridOf>[0] = [];

/** Accounts by products: who owns what, and who is likely to take what next. The address holds the filters. */
export function WhiteSpacePage() {
  const api = useApi();
  const me = useQuery(meQuery(api));
  const usual = me.data?.role === "csm" ? "mine" : "all";
  const [params, setParams] = useSearchParams();
  const view = readGrid(params, usual);
  const { product, scope } = view;
  const change = (next: Partial<GridView>) => setParams(writeGrid({ ...view, ...next }, usual), { replace: true });
  const learnt = useQuery(productsQuery(api));
  const query = useInfiniteQuery({
    ...whiteSpaceQuery(api, { product, mine: scope === "mine" }), enabled: me.data !== undefined, placeholderData: keepPreviousData,
  });
  const { looking, retry } = useRows(query);
  const pages = query.data?.pages ?? NO_PAGES;
  const grid = useMemo(() => gridOf(pages), [pages]);
  const nothingLearnt = product !== undefined && query.error instanceof ApiError && query.error.status === 404;
  return (
    <>
      <PageHead title="White space" hint="Who owns what, and who is likely to take what next" />
      <Panel flush>
        <Filters view={view} products={learnt.data?.products ?? []} onChange={change} />
        <Note learnt={learnt.data} view={view} />
        {nothingLearnt ? <NothingLearnt product={product} onClear={() => change({ product: undefined })} />
          : query.isError && grid.rows.length === 0 ? <ProblemState error={query.error} onRetry={retry} />
            : query.isPending ? <Rows count={12} height={24} /> : looking ? <LookingFurther />
              : grid.rows.length === 0 ? <NoRows view={view} onChange={change} />
                : (
                  <>
                    <Found grid={grid} more={query.hasNextPage} product={product} busy={query.isPlaceholderData} onChoose={(chosen) => change({ product: chosen })} />
                    <div className={classes.foot}>
                      <span className="num" role="status">{loadedText(grid.rows.length, query.hasNextPage, view)}</span>
                      {query.hasNextPage && !query.isPlaceholderData && (
                        <Button variant="subtle" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                          {query.isFetchNextPageError ? "The next rows failed: try again" : "Load more"}
                        </Button>
                      )}
                    </div>
                  </>
                )}
      </Panel>
    </>
  );
}

interface FiltersProps {
  view: GridView;
  products: ProductsView["products"];
  onChange: (change: Partial<GridView>) => void;
}

function Filters({ view: { scope, product }, products, onChange }: FiltersProps) {
  const sold = products.filter((row) => row.sold);
  const unlisted = product !== undefined && !sold.some(({ name }) => name === product);
  return (
    <div className={classes.filters} role="search" aria-label="Filter the grid">
      <SegmentedControl
        size="xs" aria-label="Whose accounts" value={scope} onChange={(value) => onChange({ scope: oneOf(["mine", "all"] as const, value) ?? "all" })}
        data={[{ value: "mine", label: "Mine" }, { value: "all", label: "All" }]}
      />
      <NativeSelect
        size="xs" aria-label="Product" maw={300} value={product ?? ""} disabled={sold.length === 0 && !unlisted}
        onChange={(event) => onChange({ product: event.currentTarget.value || undefined })}
        data={[
          { value: "", label: "Any product" }, ...(unlisted ? [{ value: product, label: product }] : []),
          ...sold.map((row) => ({ value: row.name, label: `${row.name} (${ownersText(row)})` })),
        ]}
      />
      {product !== undefined && <Button variant="subtle" color="gray" onClick={() => onChange({ product: undefined })}>Clear product</Button>}
    </div>
  );
}

/** What is shown of a chosen product, and what is missing where nothing was learnt. */
function Note({ learnt, view: { product, scope } }: { learnt: ProductsView | undefined; view: GridView }) {
  const nothing = learnt !== undefined && (learnt.own === null || learnt.lost);
  if (nothing && product === undefined) {
    return (
      <Text size="sm" className={classes.note}>
        {learnt.lost ? "What was learnt of products cannot be read" : "Nothing was learnt of products yet"}, so nothing is shown as likely next. An admin can let the copilot learn under <Link to={paths.models}>Models</Link>.
      </Text>
    );
  }
  if (nothing || product === undefined) return null;
  return <Text size="sm" className={classes.note}>{scope === "mine" ? "Accounts of yours" : "Accounts"} that <strong>{product}</strong> fits best, the best first; those that owned it when this was learnt are left out.</Text>;
}

function Found({ grid, more, ...rest }: { grid: Grid; more: boolean; product: string | undefined; busy: boolean; onChoose: (product: string | undefined) => void }) {
  if (grid.columns.length === 0) {
    return (
      <EmptyState
        title={more ? `None of the first ${integer(grid.rows.length)} accounts owns a product` : "No product is known"}
        icon={<IconLayoutGrid size={28} stroke={1.4} color="var(--muted)" aria-hidden />}
        action={<Button component={Link} to={paths.imports} variant="default">Import a CSV file</Button>}
      >
        Bills must name their products: send <code className="mono">products</code> with invoices, through the API (<code className="mono">POST /v1/invoices:batch</code>), a source or a CSV file of kind “invoices”.
      </EmptyState>
    );
  }
  return (
    <>
      <Legend withUnknown={grid.rows.some(({ cells }) => cells.includes(undefined))} />
      <GridTable grid={grid} {...rest} />
    </>
  );
}

function NoRows({ view: { product, scope }, onChange }: { view: GridView; onChange: (change: Partial<GridView>) => void }) {
  const all = scope === "mine" ? <Button variant="default" onClick={() => onChange({ scope: "all" })}>Show all accounts</Button> : undefined;
  if (product !== undefined) {
    return (
      <EmptyState title={scope === "mine" ? `None of your accounts is among those that ${product} fits best` : `${product} fits no account`} action={all ?? <Button variant="default" onClick={() => onChange({ product: undefined })}>Clear product</Button>}>
        {scope === "mine" ? `The ${integer(KEPT_FITTING)} accounts that a product fits best are kept, whoever owns them.` : "No account without it has it among those that it is likeliest to take next."}
      </EmptyState>
    );
  }
  return scope === "mine" ? <EmptyState title="You own no accounts" action={all}>An account is yours when you are its owner.</EmptyState> : (
    <EmptyState title="No accounts yet" action={<Button component={Link} to={paths.imports}>Import a CSV file</Button>}>
      Load your accounts from a CSV file, or connect a source.
    </EmptyState>
  );
}

function NothingLearnt({ product, onClear }: { product: string; onClear: () => void }) {
  return (
    <EmptyState title={`Nothing was learnt of ${product}`} action={<Button variant="default" onClick={onClear}>Clear product</Button>}>
      An admin can let the copilot learn under <Link to={paths.models}>Models</Link>.
    </EmptyState>
  );
}

function loadedText(rows: number, more: boolean, { product, scope }: GridView): string {
  if (product !== undefined && scope === "mine") return `${integer(rows)} of yours among the ${integer(KEPT_FITTING)} that it fits best`;
  if (product !== undefined) return rows >= MOST_FITTING ? `The first ${integer(rows)}` : `${integer(rows)} in all`;
  return `${integer(rows)} loaded${more ? "" : ", that is all of them"}`;
}
