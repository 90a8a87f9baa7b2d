import { Button, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "react-router";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import type { Band, BandCounts, ProfilePreview } from "~/api/types";
import { BandBadge } from "~/components/BandBadge";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { integer, money, score as scoreText } from "~/lib/format";
import { paths } from "~/lib/paths";
import { bandLabel } from "~/lib/vocabulary";
import classes from "./Profiles.module.css";

const ORDER: readonly Band[] = ["critical", "at_risk", "watch", "healthy", "onboarding", "insufficient_data"];

/** What the saved draft would do: bands before and after, and the accounts that change theirs. */
export function Preview({ saved, dirty }: { saved: boolean; dirty: boolean }) {
  const api = useApi();
  const preview = useMutation({
    mutationFn: () => unwrap(api.POST("/v1/profiles/draft/preview", { params: { header: idempotencyKey() } })),
  });
  return (
    <Panel
      flush title="Preview" hint="Accounts are assessed by the draft; nothing is stored"
      aside={<Button variant="default" disabled={!saved || dirty} loading={preview.isPending} onClick={() => preview.mutate()}>Preview</Button>}
    >
      {preview.isPending ? <Rows count={6} />
        : preview.isError ? <ProblemState error={preview.error} onRetry={() => preview.mutate()} />
          : preview.data === undefined ? (
            <EmptyState title="Not looked at yet">
              {saved && !dirty ? "Choose “Preview” to see which accounts would change their band." : "Save the draft first, then see what it would do."}
            </EmptyState>
          ) : <Shown preview={preview.data} />}
    </Panel>
  );
}

function Shown({ preview }: { preview: ProfilePreview }) {
  return (
    <>
      <div style={{ padding: "12px 16px" }}>
        <Text size="sm" mb="xs">
          {preview.basis[0]?.toUpperCase()}{preview.basis.slice(1)}. <strong>{integer(preview.changed)}</strong> of {integer(preview.sampled)} would change their band.
        </Text>
        <Distribution label="Now" counts={preview.before} />
        <Distribution label="By the draft" counts={preview.after} />
        <ScrollRegion label="Accounts by band">
          <table className="data">
            <thead><tr><th scope="col">Band</th><th scope="col" className="num">Now</th><th scope="col" className="num">By the draft</th></tr></thead>
            <tbody>
              {ORDER.filter((band) => preview.before[band] + preview.after[band] > 0).map((band) => (
                <tr key={band}>
                  <td><span className={classes.dot} style={{ background: `var(--${band}-fill)` }} />{bandLabel[band]}</td>
                  <td className="num">{integer(preview.before[band])}</td>
                  <td className="num">{integer(preview.after[band])}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      </div>
      {preview.moved.length === 0 ? <EmptyState title="No account changes its band">Scores may still move within their bands.</EmptyState> : (
        <ScrollRegion label="Accounts that change their band" maxHeight={420}>
          <table className="data">
            <thead><tr><th scope="col">Account</th><th scope="col" className="num">ARR</th><th scope="col">Now</th><th scope="col">By the draft</th></tr></thead>
            <tbody>
              {preview.moved.map((row) => (
                <tr key={row.id}>
                  <td><Link className="plain" to={paths.account(row.id)}>{row.name}</Link></td>
                  <td className="num">{money(row.arr)}</td>
                  <td><BandBadge band={row.before.band} size="sm" /> <span className="num">{scoreText(row.before.score)}</span></td>
                  <td><BandBadge band={row.after.band} size="sm" /> <span className="num">{scoreText(row.after.score)}</span></td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      {preview.changed > preview.moved.length && <Text size="xs" c="dimmed" p="md">The {integer(preview.moved.length)} of the largest ARR.</Text>}
    </>
  );
}

function Distribution({ label, counts }: { label: string; counts: BandCounts }) {
  const shown = ORDER.filter((band) => counts[band] > 0);
  return (
    <div>
      <Text size="xs" c="dimmed">{label}</Text>
      <div className={classes.bar} role="img" aria-label={`${label}: ${shown.map((band) => `${bandLabel[band]} ${counts[band]}`).join(", ")}`}>
        {shown.map((band) => <span key={band} style={{ flex: counts[band], background: `var(--${band}-fill)` }} />)}
      </div>
    </div>
  );
}
