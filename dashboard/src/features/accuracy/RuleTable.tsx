import { Button, Group, Modal, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { unwrap, useApi } from "~/api/client";
import { meQuery, type PredictionKind, rulesQuery } from "~/api/queries";
import type { Accuracy, Rule } from "~/api/types";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { Tag } from "~/components/SeverityBadge";
import { ProblemState, Rows } from "~/components/States";
import { day, duration, integer, percent } from "~/lib/format";
import { Interval } from "./Interval";
import { kindNames } from "./words";

interface RuleTableProps {
  rules: Accuracy["rules"];
  kind: PredictionKind;
}

/** What people made of each rule's alerts, and what happened to the accounts that had them. An admin mutes here. */
export function RuleTable({ rules: checked, kind }: RuleTableProps) {
  const api = useApi();
  const rules = useQuery(rulesQuery(api));
  const me = useQuery(meQuery(api));
  const [muting, setMuting] = useState<Rule>();
  const change = useMute();
  const since = rules.data?.data.find((rule) => rule.record.fired_since)?.record.fired_since;
  const isAdmin = me.data?.role === "admin";
  return (
    <Panel
      flush title="Rules: noise and worth"
      hint={`Found right: Beta(2 + right, 2 + wrong), mean and 80 % range of what people said. It never changes what counts as churn.${since ? ` Fired since ${day(since)}` : ""}`}
    >
      {rules.isError ? <ProblemState error={rules.error} onRetry={() => void rules.refetch()} />
        : rules.data === undefined ? <Rows count={8} />
          : (
            <ScrollRegion label="Table of rules">
              <table className="data">
                <thead>
                  <tr>
                    <th scope="col">Rule</th><th scope="col" className="num">Fired</th><th scope="col" className="num">Acted on</th>
                    <th scope="col" className="num">Dismissed as wrong</th><th scope="col" className="num">Time to action</th><th scope="col">Found right</th>
                    <th scope="col">{`With a live alert, ${kindNames[kind].happened}`}</th><th scope="col">Caught</th>
                    {isAdmin && <th scope="col"><span className="muted">Switch</span></th>}
                  </tr>
                </thead>
                <tbody>
                  {rules.data.data.filter((rule) => rule.type === "risk").map((rule) => {
                    const own = checked.find((row) => row.rule === rule.id);
                    const { record, precision } = rule;
                    return (
                      <tr key={rule.id}>
                        <td>
                          <Text size="sm" fw={500}>{rule.name} <span className="mono muted">{rule.id}</span> {rule.muted && <Tag>muted</Tag>}</Text>
                          {rule.muted && <Text size="xs" c="dimmed">{rule.muted.reason}, {rule.muted.by}, {day(rule.muted.at)}</Text>}
                          {rule.proposal && <Text size="xs">Wrong in most of {integer(precision.useful + precision.wrong)} judgements: mute it?</Text>}
                        </td>
                        <td className="num">{integer(record.fired)}</td>
                        <td className="num">{integer(record.acted)}</td>
                        <td className="num">{integer(record.dismissed_wrong)}</td>
                        <td className="num">{record.median_hours_to_action === null || record.median_hours_to_action === undefined ? <span className="muted">–</span> : `≤ ${duration(record.median_hours_to_action * 3600)}`}</td>
                        <td>
                          {precision.useful + precision.wrong === 0 ? <span className="muted">no ratings</span>
                            : <><strong className="num">{percent(precision.mean)}</strong> <span className="muted">({percent(precision.low)} to {percent(precision.high)})</span></>}
                        </td>
                        <td><Interval share={own?.precision} /></td>
                        <td><Interval share={own?.recall} /></td>
                        {isAdmin && (
                          <td>
                            {rule.muted
                              ? <Button size="compact-xs" variant="default" aria-label={`Let ${rule.id} open alerts`} onClick={() => change.mutate({ id: rule.id, muted: false })}>Unmute</Button>
                              : <Button size="compact-xs" variant={rule.proposal ? "light" : "default"} aria-label={`Mute ${rule.id}`} onClick={() => setMuting(rule)}>Mute</Button>}
                          </td>
                        )}
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </ScrollRegion>
          )}
      {muting !== undefined && <MuteDialog rule={muting} onClose={() => setMuting(undefined)} onMute={(reason) => change.mutate({ id: muting.id, muted: true, reason })} />}
    </Panel>
  );
}

function MuteDialog({ rule, onClose, onMute }: { rule: Rule; onClose: () => void; onMute: (reason: string) => void }) {
  const [reason, setReason] = useState("");
  return (
    <Modal opened onClose={onClose} title={`Mute ${rule.id}: ${rule.name}`}>
      <form onSubmit={(event) => { event.preventDefault(); onMute(reason.trim()); onClose(); }}>
        <Text size="sm" mb="sm">It opens no new alerts until somebody lets it again. Alerts that are open stay.</Text>
        <TextInput label="Why" required maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} data-autofocus />
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" disabled={reason.trim() === ""}>Mute the rule</Button>
        </Group>
      </form>
    </Modal>
  );
}

function useMute() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ id, muted, reason }: { id: string; muted: boolean; reason?: string }) =>
      unwrap(api.PATCH("/v1/rules/{id}", { params: { path: { id }, header: { "If-Match": "*" } }, body: { muted, reason: reason ?? null } })),
    onSuccess: (rule) => {
      void cache.invalidateQueries({ queryKey: ["rules"] });
      notifications.show({ message: rule.muted ? `${rule.id} is muted` : `${rule.id} opens alerts again`, autoClose: 3000 });
    },
    onError: (error) => reportFailure(error, "Not changed"),
  });
}
