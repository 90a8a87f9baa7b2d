import { Button, NativeSelect } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "~/api/client";
import { factsQuery } from "~/api/queries";
import type { FactRow } from "~/api/types";
import { useRows } from "~/api/useRows";
import { When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { EmptyState, LookingFurther, ProblemState, Rows } from "~/components/States";
import { ScrollRegion } from "~/components/ScrollRegion";
import { plain, words } from "~/lib/format";
import { FACT_KINDS } from "~/lib/vocabulary";

/** The records behind the numbers, as the sources sent them. */
export function Facts({ id }: { id: string }) {
  const [kind, setKind] = useState<string>(FACT_KINDS[0]);
  const query = useInfiniteQuery(factsQuery(useApi(), id, kind));
  const { rows, looking, retry } = useRows(query);
  return (
    <Panel
      flush title="Facts" hint="The records behind the numbers, with their source and when we learned of them"
      aside={(
        <NativeSelect
          size="xs" aria-label="Kind of fact" value={kind} onChange={(event) => setKind(event.currentTarget.value)}
          data={FACT_KINDS.map((value) => ({ value, label: words(value) }))}
        />
      )}
    >
      {query.isError && rows.length === 0 ? <ProblemState error={query.error} onRetry={retry} />
        : query.isPending ? <Rows count={8} /> : looking ? <LookingFurther />
          : rows.length === 0 ? <EmptyState title={`No ${kind}`}>No source has sent any for this account.</EmptyState>
            : <FactTable rows={rows} />}
      {query.hasNextPage && !looking && (
        <div style={{ padding: 12, textAlign: "center" }}>
          <Button variant="subtle" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Load more</Button>
        </div>
      )}
    </Panel>
  );
}

function FactTable({ rows }: { rows: readonly FactRow[] }) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.row)))].filter((name) => name !== "external_id" && name !== "account");
  return (
    <ScrollRegion label="Table of facts">
      <table className="data">
        <thead>
          <tr><th scope="col">Id</th>{names.map((name) => <th key={name} scope="col">{words(name)}</th>)}<th scope="col">Source</th><th scope="col">Learned</th></tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.source}-${row.external_id}`}>
              <td className="mono">{row.external_id}</td>
              {names.map((name) => (
                <td key={name} className="num" style={{ textAlign: "left", maxWidth: 280, whiteSpace: "normal", overflowWrap: "anywhere" }}>{plain(row.row[name])}</td>
              ))}
              <td>{row.source}</td>
              <td style={{ whiteSpace: "nowrap" }}><When at={row.known_at} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
