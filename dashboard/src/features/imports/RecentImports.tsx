import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "~/api/client";
import { importsQuery } from "~/api/queries";
import { When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { integer, words } from "~/lib/format";
import { paths } from "~/lib/paths";
import classes from "./Import.module.css";
import { StatusTag } from "./StatusTag";

export function RecentImports() {
  const query = useQuery(importsQuery(useApi()));
  const rows = query.data?.data ?? [];
  return (
    <Panel flush title="Recent imports">
      {query.isError ? <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        : query.isPending ? <Rows count={5} />
          : rows.length === 0 ? <EmptyState title="None yet">Your first file will be listed here. Begin with the accounts: all other kinds hang on them.</EmptyState>
            : (
              <ul className={classes.recent}>
                {rows.map((row) => (
                  <li key={row.id}>
                    <Link to={paths.import(row.id)}>
                      <Text size="sm" fw={500} className="clip">{row.filename}</Text>
                      <StatusTag found={row} />
                      <Text size="xs" c="dimmed" className="num">{words(row.kind)} · {integer(row.rows_done)} rows · {integer(row.errors)} errors</Text>
                      <Text size="xs" c="dimmed"><When at={row.created_at} wall /></Text>
                    </Link>
                  </li>
                ))}
              </ul>
            )}
    </Panel>
  );
}
