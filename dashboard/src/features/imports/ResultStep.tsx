import { Button, Group, Progress, Text } from "@mantine/core";
import { IconArrowLeft, IconDownload } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "react-router";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import type { Import } from "~/api/types";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { Stat } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { bytes, integer, percent, words } from "~/lib/format";
import { isMoving } from "~/lib/mapping";
import { paths } from "~/lib/paths";
import classes from "./Import.module.css";
import { StatusTag } from "./StatusTag";

interface ResultStepProps {
  found: Import;
  onRemap: () => void;
}

/** The progress and the result of a dry run or of the import itself. */
export function ResultStep({ found, onRemap }: ResultStepProps) {
  const api = useApi();
  const cache = useQueryClient();
  const commit = useMutation({
    mutationFn: () => unwrap(api.POST("/v1/imports/{id}/start", {
      params: { path: { id: found.id }, header: idempotencyKey() }, body: { mapping: found.mapping, dry_run: false },
    })),
    onSuccess: (started) => {
      cache.setQueryData(["import", found.id], started);
      for (const key of ["accounts", "today", "imports", "integrations"]) void cache.invalidateQueries({ queryKey: [key] });
    },
    onError: (error) => reportFailure(error, "Not started"),
  });
  const moving = isMoving(found.status);
  const share = found.size_bytes > 0 ? Math.min(1, found.bytes_done / found.size_bytes) : 0;
  const good = found.valid;
  const title = found.dry_run ? (moving ? "Checking the file" : "Checked: nothing is saved yet") : (moving ? "Importing" : "Imported");

  return (
    <div style={{ display: "grid", gap: 16 }}>
      <Panel title={found.status === "failed" ? "The import failed" : title} aside={<StatusTag found={found} />}>
        {moving && (
          <div role="status" style={{ marginBottom: 16 }}>
            <Progress value={share * 100} animated aria-label={title} />
            <Text size="xs" c="dimmed" mt={4} className="num">{percent(share)} of {bytes(found.size_bytes)}, {integer(found.rows_done)} rows</Text>
          </div>
        )}
        {found.problem !== null && <Text role="alert" size="sm" c="var(--mantine-color-error)" mb="md">{words(found.problem)}</Text>}
        <div className={classes.counts}>
          <Stat label="Rows read">{integer(found.rows_done)}</Stat>
          {found.dry_run ? <Stat label="Good rows">{integer(good)}</Stat> : (
            <>
              <Stat label="New">{integer(found.created)}</Stat>
              <Stat label="Changed">{integer(found.updated)}</Stat>
              <Stat label="Unchanged">{integer(found.unchanged)}</Stat>
            </>
          )}
          <Stat label="Errors"><span style={found.errors > 0 ? { color: "var(--at_risk)" } : {}}>{integer(found.errors)}</span></Stat>
        </div>
        {!moving && (
          <Group gap="xs" mt="lg">
            {found.dry_run && found.status !== "failed" && (
              <Button disabled={good === 0} loading={commit.isPending} onClick={() => commit.mutate()}>
                {found.errors > 0 ? `Import the ${integer(good)} good rows` : `Import ${integer(good)} rows`}
              </Button>
            )}
            {!found.dry_run && found.status !== "failed" && <Button component={Link} to={paths.portfolio}>Open the portfolio</Button>}
            {(found.dry_run || found.status === "failed") && (
              <Button variant="default" leftSection={<IconArrowLeft size={14} aria-hidden />} onClick={onRemap}>Change the mapping</Button>
            )}
            {!found.dry_run && <Button variant="default" component={Link} to={paths.imports}>Import another file</Button>}
            {found.error_report_url !== null && (
              <Button variant="default" component="a" href={found.error_report_url} download leftSection={<IconDownload size={14} aria-hidden />}>
                Download the error report
              </Button>
            )}
          </Group>
        )}
      </Panel>
      {found.first_errors.length > 0 && (
        <Panel flush title="Errors by line" hint={found.errors > found.first_errors.length ? `The first ${integer(found.first_errors.length)} of ${integer(found.errors)}; the report has them all` : "Mend these lines in the file and import it again: good rows are not doubled"}>
          <ScrollRegion label="Errors by line" className="" maxHeight={360}>
            <table className="data">
              <thead><tr><th scope="col" className="num">Line</th><th scope="col">Field</th><th scope="col">What is wrong</th><th scope="col">Code</th></tr></thead>
              <tbody>
                {found.first_errors.map((row) => (
                  <tr key={`${row.line}-${row.field}-${row.code}`}>
                    <td className="num">{integer(row.line)}</td><td>{words(row.field)}</td><td>{row.detail}</td><td className="mono muted">{row.code}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollRegion>
        </Panel>
      )}
    </div>
  );
}
