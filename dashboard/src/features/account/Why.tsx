import { Text, Tooltip } from "@mantine/core";
import { IconGauge } from "@tabler/icons-react";
import type { AccountDetail, Assessment, Cap, Measure, ScoreOverride } from "~/api/types";
import { Panel } from "~/components/Panel";
import { Tag } from "~/components/SeverityBadge";
import { EmptyState } from "~/components/States";
import { When } from "~/components/Numbers";
import { ScrollRegion } from "~/components/ScrollRegion";
import { day, decimal, percent, person, score as scoreText, words } from "~/lib/format";
import { groupLabel } from "~/lib/vocabulary";
import { type Step, fallOf } from "~/lib/why";
import classes from "./Account.module.css";
import { GroupBar } from "./GroupBar";

/** What stands behind the measures: a cap, or a person's override. */
type Line = Cap | (ScoreOverride & { id: "override" });

interface WhyProps {
  account: AccountDetail;
  assessment: Assessment | null;
}

/** Where the points went: per group, per measure and per cap, with the sum that proves it. */
export function Why({ account, assessment }: WhyProps) {
  if (assessment === null) {
    return (
      <Panel title="Why this score">
        <EmptyState title="Not scored yet" icon={<IconGauge size={28} stroke={1.4} color="var(--muted)" aria-hidden />}>
          Choose “Score now”, or wait a moment: an account is scored within minutes of its first facts.
        </EmptyState>
      </Panel>
    );
  }
  const { health, profile } = assessment;
  const hint = `Profile ${profile.name}${profile.version === undefined ? "" : ` v${profile.version}`}: ${profile.why}`;
  if (health.score === null) {
    return (
      <Panel flush title="Why there is no score" hint={hint}>
        <Text p="md" size="sm">
          {account.band === "onboarding"
            ? "The account is new: in its first 30 days only the onboarding rules look at it."
            : `Only ${percent(health.coverage)} of the profile's weight has data; a score needs 50 %. Connect or import what is missing below.`}
        </Text>
        <Measures steps={health.measures.map((measure) => ({ key: measure.id, measure, lost: 0, from: 0, to: 0 }))} scored={false} />
      </Panel>
    );
  }
  const lines: Line[] = [...health.caps, ...(health.override === null ? [] : [{ ...health.override, id: "override" as const }])];
  const fall = fallOf(health.measures, lines, health.score);
  return (
    <Panel flush title="Why this score" hint={hint}>
      <GroupBar measures={health.measures} caps={health.caps} score={health.score} subscores={health.subscores} />
      <Measures steps={fall.steps} scored />
      <div className={classes.sum} data-testid="why-sum">
        <span>Points lost, all rows: <strong>{decimal(fall.total)}</strong></span>
        <span><strong>{decimal(fall.total)}</strong> = 100 − <strong>{scoreText(health.score)}</strong></span>
        {!fall.exact && <span role="alert" style={{ color: "var(--critical)" }}>The rows do not add up: score the account again.</span>}
      </div>
    </Panel>
  );
}

const stateText = { ok: "", missing: "No data", stale: "Stale", off: "Off in this profile" };

function Measures({ steps, scored }: { steps: readonly Step<Measure, Line>[]; scored: boolean }) {
  return (
    <ScrollRegion label="Points lost per measure">
      <table className={`data ${classes.measures}`}>
        <thead>
          <tr>
            <th scope="col">Measure</th>
            <th scope="col" className="num">Green / red</th>
            <th scope="col" className="num">Weight</th>
            <th scope="col" className="num">Score</th>
            {scored && <th scope="col" style={{ width: "22%" }}>From 100 down</th>}
            {scored && <th scope="col" className="num">Lost</th>}
            <th scope="col">Facts</th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step) => step.measure === undefined
            ? step.cap !== undefined && <CapRow key={step.key} step={step} cap={step.cap} />
            : <MeasureRow key={step.key} step={step} measure={step.measure} scored={scored} />)}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function Fall({ from, to, title }: { from: number; to: number; title: string }) {
  return (
    <Tooltip label={title}>
      <span className={classes.fall} aria-hidden>
        {[25, 50, 75].map((edge) => <b key={edge} style={{ left: `${edge}%` }} />)}
        {from - to > 0 && <i style={{ left: `${to}%`, width: `${from - to}%` }} />}
      </span>
    </Tooltip>
  );
}

function MeasureRow({ step, measure, scored }: { step: Step<Measure, Line>; measure: Measure; scored: boolean }) {
  const quiet = measure.state === "missing" || measure.state === "off";
  return (
    <tr data-quiet={quiet}>
      <td>
        <Text size="sm" fw={quiet ? 400 : 500}>{measure.name} <span className="muted mono">{measure.id}</span></Text>
        <Text size="xs" c="dimmed">{groupLabel[measure.group]} · {measure.text === "" ? "no value" : measure.text}</Text>
      </td>
      <td className="num">{decimal(measure.green, digits(measure.green))} / {decimal(measure.red, digits(measure.red))}</td>
      <td className="num">{decimal(measure.weight)}</td>
      <td className="num">{measure.score === null ? "–" : decimal(measure.score, 0)}</td>
      {scored && (
        <td>
          {!quiet && <Fall from={step.from} to={step.to} title={`${decimal(step.from)} → ${decimal(step.to)}`} />}
        </td>
      )}
      {scored && <td className="num"><strong>{quiet ? "–" : decimal(step.lost)}</strong></td>}
      <td style={{ whiteSpace: "nowrap" }}>
        {measure.state === "ok" || measure.state === "stale" ? <Text size="xs" component="span"><When at={measure.fact_at} /></Text> : null}
        {" "}{measure.state !== "ok" && <Tag>{stateText[measure.state]}</Tag>}
      </td>
    </tr>
  );
}

function CapRow({ step, cap }: { step: Step<Measure, Line>; cap: Line }) {
  return (
    <tr>
      <td>
        <Text size="sm" fw={500}>{"limit" in cap ? <>Cap: {words(cap.reason)} <span className="muted mono">{cap.id}</span></> : `Override: ${cap.reason}`}</Text>
        <Text size="xs" c="dimmed">
          {"limit" in cap ? `The score may not exceed ${decimal(cap.limit, 0)}` : `Set to ${scoreText(cap.score)} by ${person(cap.author)} until ${day(cap.until)}`}
        </Text>
      </td>
      <td /><td /><td />
      <td><Fall from={step.from} to={step.to} title={`${decimal(step.from)} → ${decimal(step.to)}`} /></td>
      <td className="num"><strong>{decimal(step.lost)}</strong></td>
      <td />
    </tr>
  );
}

function digits(value: number): number {
  return Number.isInteger(value) ? 0 : 2;
}
