import { Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "~/api/client";
import { monitoringQuery } from "~/api/queries";
import type { ModelWorld, ModelsMonitoring, WorldDrift } from "~/api/types";
import { When } from "~/components/Numbers";
import { ScrollRegion } from "~/components/ScrollRegion";
import { Tag } from "~/components/SeverityBadge";
import { ProblemState, Rows } from "~/components/States";
import { day, decimal, integer, percent, plain, signed } from "~/lib/format";
import classes from "./Models.module.css";
import { kinds, movements, roles, worldStates } from "./words";

/** Whether what the models of a kind meet is still what they learnt; what moved, what it means, and whether training waits. */
export function World({ kind }: { kind: ModelsMonitoring["kind"] }) {
  const query = useQuery(monitoringQuery(useApi(), kind));
  const { title } = kinds[kind];
  return (
    <section className={classes.world} aria-label={`Is it still the world it learnt? ${title}`}>
      <Title order={3} fz="sm">Is it still the world it learnt?</Title>
      {query.isError ? <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        : query.data === undefined ? <Rows count={2} height={20} />
          : query.data.latest === null ? <Text size="sm" c="dimmed">The next night looks: what the model reads is held against what it learnt from.</Text>
            : <Night found={query.data} latest={query.data.latest} title={title} />}
    </section>
  );
}

function Night({ found, latest, title }: { found: ModelsMonitoring; latest: NonNullable<ModelsMonitoring["latest"]>; title: string }) {
  return (
    <>
      {latest.held !== null && (
        <Text size="sm" role="status">
          <strong>Training is {latest.held}.</strong>
          {found.off_since !== null && <> Admins were told <When at={found.off_since} />.</>}
        </Text>
      )}
      {latest.models.map((model) => <OneModel key={model.version} model={model} title={title} />)}
      <Text size="xs" c="dimmed">
        Looked at on {day(latest.day)}.{found.history.length > 1 && ` Of the last ${found.history.length} nights training waited in ${found.history.filter(({ held }) => held).length}.`}
      </Text>
    </>
  );
}

function OneModel({ model, title }: { model: ModelWorld; title: string }) {
  const { predictions, calibration, segments } = model;
  const rows = model.moved.filter(({ is_drifted: far, psi }) => far === true || psi >= 0.1);
  return (
    <div className={classes.run}>
      <Text size="sm" component="div">
        <span className="mono">{model.version}</span> {roles[model.role]} <Tag>{worldStates[model.state]}</Tag>
      </Text>
      <Text size="sm">
        {model.state === "no_reference" ? "It keeps nothing to compare with: it was brought, or trained before references were kept. The next training brings one."
          : `${integer(model.drifted)} of ${integer(model.features)} features moved ${model.state === "aged" ? "as time passed or as more became known, none so that training waits" : "too far"}, over ${integer(model.rows)} accounts (${integer(model.answered)} with an answer) against ${integer(model.reference_rows)} rows of ${day(model.reference_from)} to ${day(model.reference_to)}.`}
        {model.state === "few_rows" && " Fewer than 100 on one side: no verdict."}
      </Text>
      {rows.length > 0 && (
        <ScrollRegion label={`Features that moved, ${title.toLowerCase()} ${model.version}`}>
          <table className="data">
            <thead>
              <tr>
                <th scope="col">Feature</th><th scope="col" className="num">PSI</th><th scope="col" className="num">Missing then</th><th scope="col" className="num">Missing now</th>
                <th scope="col" className="num">Usual then</th><th scope="col" className="num">Usual now</th><th scope="col">What it means</th>
              </tr>
            </thead>
            <tbody>{rows.map((row) => <Moved key={row.name} row={row} />)}</tbody>
          </table>
        </ScrollRegion>
      )}
      {predictions !== null && (
        <Text size="sm">Its answers: PSI {decimal(predictions.psi, 2)}{verdict(predictions.is_drifted)}; in the middle {percent(predictions.usual_before, 1)} then, {percent(predictions.usual_now, 1)} now.</Text>
      )}
      <Text size="sm">
        {calibration === null ? "Calibration: no window of its predictions is over yet."
          : `Calibration: ${percent(calibration.predicted, 1)} said, ${percent(calibration.observed, 1)} came, of ${integer(calibration.rows)} accounts${calibration.standard_errors === null ? "" : ` (${decimal(calibration.standard_errors, 1)} standard errors)`}${verdict(calibration.is_drifted)}.`}
      </Text>
      {segments.length > 1 && (
        <Text size="sm">
          By profile: {segments.map(({ segment, rows: accounts, drifted, furthest }) => `${segment} ${integer(drifted)} ${drifted === 1 ? "feature" : "features"} off of ${integer(accounts)} accounts${furthest === null ? "" : ` (most: ${furthest.name}, PSI ${decimal(furthest.psi, 2)})`}`).join("; ")}.
        </Text>
      )}
    </div>
  );
}

function Moved({ row }: { row: WorldDrift }) {
  const gap = row.missing_now - row.missing_before;
  return (
    <tr>
      <td className="mono">{row.name}</td>
      <td className="num">{decimal(row.psi, 2)}</td>
      <td className="num">{percent(row.missing_before)}</td>
      <td className="num">{percent(row.missing_now)}{Math.abs(gap) >= 0.005 && <span className={classes.range}> {signed(gap * 100, 0)}</span>}</td>
      <td className="num">{usual(row.usual_before)}</td>
      <td className="num">{usual(row.usual_now)}</td>
      <td>{row.movement === null ? <span className="muted">Within what is allowed</span> : <><Tag>{movements[row.movement]}</Tag> {row.means}</>}</td>
    </tr>
  );
}

function usual(value: number | null): string {
  return value === null ? "–" : plain(Math.round(value * 100) / 100);
}

function verdict(far: boolean | null): string {
  return far === null ? ", too few to judge" : far ? ", too far" : "";
}
