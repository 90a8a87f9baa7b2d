import { Button } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { Link, useSearchParams } from "react-router";
import { useApi } from "~/api/client";
import { accountsQuery } from "~/api/queries";
import type { AccountCard } from "~/api/types";
import { useRows } from "~/api/useRows";
import { PageHead, Panel } from "~/components/Panel";
import { EmptyState, LookingFurther, ProblemState, Rows } from "~/components/States";
import { integer } from "~/lib/format";
import { paths } from "~/lib/paths";
import { filtersIn, firstDescending, type PortfolioView, queryOf, readView, type SortField, writeView } from "~/lib/urlState";
import { columns } from "./columns";
import { ExportButton } from "./ExportButton";
import { Filters } from "./Filters";
import classes from "./Portfolio.module.css";
import { PortfolioTable } from "./PortfolioTable";

/** Every account, by what matters now. The address holds the whole view, so that it can be kept and sent. */
export function PortfolioPage() {
  const [params, setParams] = useSearchParams();
  const view = useMemo(() => readView(params), [params]);
  const change = (next: Partial<PortfolioView>) => setParams(writeView({ ...view, ...next }), { replace: true });
  const asked = useMemo(() => queryOf(view), [view]);
  const query = useInfiniteQuery({ ...accountsQuery(useApi(), asked), placeholderData: keepPreviousData });
  const { rows, looking, retry } = useRows(query);
  const total = query.data?.pages[0]?.total ?? null;
  const shown = useMemo(() => columns.filter(({ id }) => view.columns.includes(id)), [view.columns]);
  const owners = useMemo(() => ownersOf(rows), [rows]);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const sortBy = (field: SortField) =>
    change({ sort: field, descending: view.sort === field ? !view.descending : firstDescending[field] });

  return (
    <>
      <PageHead title="Portfolio" hint={total === null ? "Every account, the most pressing first" : `${integer(total)} accounts`}>
        <ExportButton
          query={asked} pages={query.data?.pages ?? []} total={total} shown={shown}
          disabled={rows.length === 0 || query.isPlaceholderData}
        />
        <Button component={Link} to={paths.imports} leftSection={<IconFileImport size={14} aria-hidden />}>Import</Button>
      </PageHead>
      <Panel flush>
        <Filters
          view={view} owners={owners} onChange={change}
          onClear={() => setParams(writeView({
            ...view, band: undefined, owner: undefined, stage: undefined, touch: undefined, name: undefined, arrMin: undefined,
          }), { replace: true })}
        />
        {query.isError && rows.length === 0 ? (
          <ProblemState error={query.error} onRetry={retry} />
        ) : query.isPending ? <Rows count={14} height={24} /> : looking ? <LookingFurther /> : rows.length === 0 ? <NoRows filtered={filtersIn(view) > 0} /> : (
          <>
            <PortfolioTable
              rows={rows} total={hasNextPage ? total : rows.length} columns={shown} sort={view.sort}
              descending={view.descending} onSort={sortBy} onNearEnd={more} loadingMore={query.isFetching}
            />
            <div className={classes.foot}>
              <span className="num" role="status">
                {integer(rows.length)} loaded{hasNextPage ? ", more as you scroll" : ", that is all of them"}
              </span>
              {query.isError && <Button variant="subtle" onClick={() => void fetchNextPage()}>The next rows failed: try again</Button>}
              {query.isFetching && <span>Loading…</span>}
            </div>
          </>
        )}
      </Panel>
    </>
  );
}

function NoRows({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <EmptyState title="No account fits these filters">Take a filter away, or look for another beginning of the name.</EmptyState>
  ) : (
    <EmptyState title="No accounts yet" action={<Button component={Link} to={paths.imports}>Import a CSV file</Button>}>
      Load your accounts from a CSV file, or connect a source. Scores follow within minutes.
    </EmptyState>
  );
}

function ownersOf(rows: readonly AccountCard[]): string[] {
  const found = new Set<string>();
  for (const { owner } of rows) if (owner !== null) found.add(owner);
  return [...found].toSorted().slice(0, 100);
}
