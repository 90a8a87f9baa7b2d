import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { unwrap, useApi } from "~/api/client";
import { backtestQuery } from "~/api/queries";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { When } from "~/components/Numbers";
import { PageHead, Panel } from "~/components/Panel";
import { Tag } from "~/components/SeverityBadge";
import { ProblemState, Rows } from "~/components/States";
import { download } from "~/lib/csv";
import { person } from "~/lib/format";
import { paths } from "~/lib/paths";
import { Progress } from "./Progress";
import { Result } from "./Result";
import { statusNames, subjectName } from "./words";

/** One backtest: how far it is, what came of it, and its report as a file. */
export function BacktestPage() {
  const { id = "" } = useParams();
  const api = useApi();
  const query = useQuery(backtestQuery(api, id));
  const report = useMutation({
    mutationFn: () => unwrap(api.GET("/v1/backtests/{id}/report", { params: { path: { id } }, parseAs: "text" })),
    onSuccess: (page) => download(`backtest-${id}.html`, page, "text/html;charset=utf-8"),
    onError: (error) => reportFailure(error, "No report"),
  });
  const found = query.data;
  const result = found?.result ?? null;
  return (
    <>
      <PageHead
        title={found === undefined ? "Backtest" : `Backtest: ${subjectName(found.backtest.subject)}`}
        hint={found === undefined ? "What would have been said, against what happened" : (
          <><Tag>{statusNames[found.backtest.status]}</Tag> Asked for <When at={found.backtest.asked_at} wall /> by {person(found.backtest.asked_by)}</>
        )}
      >
        {result !== null && (
          <Button leftSection={<IconDownload size={14} aria-hidden />} loading={report.isPending} onClick={() => report.mutate()}>Report</Button>
        )}
        <Button component={Link} to={paths.backtests} variant="default">All backtests</Button>
      </PageHead>
      {query.isError ? <Panel><ProblemState error={query.error} onRetry={() => void query.refetch()} /></Panel>
        : found === undefined ? <Panel flush><Rows count={8} height={24} /></Panel>
          : result === null ? <Panel><Progress backtest={found.backtest} /></Panel>
            : <Result result={result} names={new Map(found.accounts.map((one) => [one.id, one.name]))} />}
    </>
  );
}
