import { Button, Group, Text } from "@mantine/core";
import { IconArrowBackUp, IconBan, IconCheck, IconExternalLink } from "@tabler/icons-react";
import { Link } from "react-router";
import type { Alert } from "~/api/types";
import { AccountMark } from "~/components/AccountMark";
import { AssignMenu } from "~/components/alerts/AssignMenu";
import { SnoozeMenu } from "~/components/alerts/SnoozeMenu";
import type { AlertCommands } from "~/components/alerts/useAlertCommands";
import { BandBadge } from "~/components/BandBadge";
import { When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { PlaybookTag } from "~/components/PlaybookTag";
import { SeverityBadge, Tag } from "~/components/SeverityBadge";
import { day, decimal, instant, integer, money, percent, person, plain, score, words } from "~/lib/format";
import { paths } from "~/lib/paths";
import { dismissLabel } from "~/lib/vocabulary";
import classes from "./Alerts.module.css";
import { Clauses } from "./Clauses";
import { NegativeTexts } from "./NegativeTexts";
import { Rating } from "./Rating";
import type { Handover } from "./types";

interface AlertDetailProps {
  alert: Alert;
  readOnly: boolean;
  commands: AlertCommands;
  onDismiss: () => void;
  snoozing: boolean;
  onSnoozing: (opened: boolean) => void;
  handover: Handover;
}

export function AlertDetail({ alert, readOnly, commands, onDismiss, snoozing, onSnoozing, handover }: AlertDetailProps) {
  const closed = alert.status === "dismissed" || alert.status === "resolved";
  return (
    <article aria-label={`Alert: ${alert.title}`} style={{ display: "contents" }}>
      <Panel flush>
        <div className={classes.head}>
          <Group gap="xs">
            <SeverityBadge severity={alert.severity} />
            <Tag>{words(alert.status)}</Tag>
            <Tag title={alert.rule_name}>{alert.rule}</Tag>
            <Text size="xs" c="dimmed">{alert.rule_name}</Text>
          </Group>
          <h2 className={classes.headline}>{alert.title}</h2>
          <div className={classes.facts}>
            <Link to={paths.account(alert.account.id)} className="plain" style={{ display: "inline-flex", gap: 8, alignItems: "center", fontWeight: 600, color: "var(--mantine-color-text)" }}>
              <AccountMark name={alert.account.name ?? ""} size={24} />
              {alert.account.name ?? "Account without a name"}
            </Link>
            <BandBadge band={alert.account.band} size="sm" />
            <span className="num">Score {score(alert.account.score)}</span>
            <span className="num">{money(alert.account.arr)} ARR</span>
            <span className="num">Renewal {day(alert.account.renewal_date)}</span>
            <span>Owner {person(alert.account.owner)}</span>
          </div>
          <StatusLine alert={alert} />
        </div>
        <div className={classes.actions}>
          <Button
            disabled={readOnly || alert.status !== "open"} leftSection={<IconCheck size={14} aria-hidden />}
            onClick={() => commands.acknowledge(alert)}
          >
            Acknowledge
          </Button>
          <SnoozeMenu
            disabled={readOnly || closed} opened={snoozing} onChange={onSnoozing}
            onSnooze={(until) => commands.snooze(alert, until)}
          />
          <Button variant="default" disabled={readOnly || closed} leftSection={<IconBan size={14} aria-hidden />} onClick={onDismiss}>
            Dismiss
          </Button>
          <AssignMenu
            people={handover.people} me={handover.me} current={alert.assignee} disabled={readOnly}
            opened={handover.opened} onChange={handover.onOpened} onAssign={(email) => commands.assign(alert, email)}
          />
          {alert.status !== "open" && (
            <Button variant="default" disabled={readOnly} leftSection={<IconArrowBackUp size={14} aria-hidden />} onClick={() => commands.reopen(alert)}>
              Open again
            </Button>
          )}
          <Button variant="subtle" component={Link} to={paths.account(alert.account.id)} leftSection={<IconExternalLink size={14} aria-hidden />}>
            Open account
          </Button>
          {readOnly && <Text size="xs" c="dimmed" style={{ alignSelf: "center" }}>Your role reads only.</Text>}
        </div>
      </Panel>

      <Panel flush title="Why it fired" hint="Every condition of the rule with the value it saw">
        <Clauses clauses={alert.clauses} />
      </Panel>

      {alert.rule === "R15" && <NegativeTexts alert={alert} readOnly={readOnly} />}

      <div className={classes.two}>
        <Panel title="Do next">
          {alert.suggested_actions.length === 0 ? <Text c="dimmed" size="sm">No action is suggested for this rule.</Text> : (
            <ol style={{ margin: 0, paddingLeft: 18, display: "grid", gap: 8 }}>
              {alert.suggested_actions.map(({ title, playbook }) => (
                <li key={title}>
                  <Text size="sm">{title}</Text>
                  {playbook !== null && <PlaybookTag id={playbook} />}
                </li>
              ))}
            </ol>
          )}
        </Panel>
        <Panel title="Rate this alert" hint="1 not at all, 5 fully. Ratings tune the rules">
          <Rating alert={alert} readOnly={readOnly} />
        </Panel>
        <Panel title="Severity and priority">
          <Priority alert={alert} />
        </Panel>
        <Panel title="Evidence and messages">
          <Evidence alert={alert} />
        </Panel>
      </div>
    </article>
  );
}

function StatusLine({ alert }: { alert: Alert }) {
  return (
    <Text size="xs" c="dimmed">
      Opened <When at={alert.opened_at} />, last seen <When at={alert.last_seen_at} />, {integer(alert.seen_count)}
      {alert.seen_count === 1 ? " time" : " times"}.
      {alert.acknowledged_at !== null && ` Acknowledged ${instant(alert.acknowledged_at)} by ${person(alert.acknowledged_by)}.`}
      {alert.status === "snoozed" && ` Snoozed until ${day(alert.snoozed_until)}.`}
      {alert.status === "dismissed" && ` Dismissed: ${dismissLabel[alert.dismiss_reason ?? ""] ?? words(alert.dismiss_reason)}.`}
      {alert.status === "resolved" && ` Resolved ${instant(alert.resolved_at)}${alert.resolve_reason === null ? "" : `: ${words(alert.resolve_reason)}`}.`}
      {alert.assignee !== null && ` Assigned to ${person(alert.assignee)}.`}
    </Text>
  );
}

function Priority({ alert }: { alert: Alert }) {
  const { severity, arr_percentile: percentile, days_to_renewal: days } = alert.priority_why;
  return (
    <>
      {alert.severity_why.length > 0 && (
        <ul style={{ margin: "0 0 12px", paddingLeft: 18 }}>
          {alert.severity_why.map((line) => <li key={line}><Text size="sm">{line}</Text></li>)}
        </ul>
      )}
      <dl className={classes.pairs}>
        <dt>Severity</dt><dd className="num">{decimal(severity, 0)} of 4 (rule says {words(alert.base_severity).toLowerCase()})</dd>
        <dt>ARR percentile</dt><dd className="num">{percent(percentile)}</dd>
        <dt>Days to renewal</dt><dd className="num">{integer(days)}</dd>
        <dt>Priority</dt><dd className="num"><strong>{decimal(alert.priority, 2)}</strong></dd>
      </dl>
    </>
  );
}

function Evidence({ alert }: { alert: Alert }) {
  const entries = Object.entries(alert.evidence);
  return (
    <>
      <dl className={classes.pairs}>
        {entries.map(([key, value]) => (
          <div key={key} style={{ display: "contents" }}><dt>{words(key)}</dt><dd className="num">{plain(value)}</dd></div>
        ))}
        {alert.notifications.map((notice) => (
          <div key={`${notice.channel}-${notice.recipient_masked}`} style={{ display: "contents" }}>
            <dt>{words(notice.channel)}</dt>
            <dd>{words(notice.status)} to {notice.recipient_masked} {notice.at !== null && <When at={notice.at} wall />}{notice.error !== null && `: ${notice.error}`}</dd>
          </div>
        ))}
      </dl>
      {entries.length === 0 && alert.notifications.length === 0 && <Text size="sm" c="dimmed">No more than the conditions above. No message has gone out.</Text>}
    </>
  );
}
