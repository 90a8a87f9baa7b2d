import { Button, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconAdjustments, IconHeartbeat, IconNote, IconRefresh } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import { meQuery } from "~/api/queries";
import type { AccountDetail, AccountView, Assessment } from "~/api/types";
import { AccountMark } from "~/components/AccountMark";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { BandBadge } from "~/components/BandBadge";
import { Coverage, Delta, Stat, When } from "~/components/Numbers";
import { ScoreRing } from "~/components/ScoreRing";
import { Tag } from "~/components/SeverityBadge";
import { day, money, person, renewal, score, words } from "~/lib/format";
import classes from "./Account.module.css";
import { NoteDialog, PulseDialog } from "./Dialogs";
import { OverrideDialog } from "./OverrideDialog";

export function AccountHeader({ account, assessment }: { account: AccountDetail; assessment: Assessment | null }) {
  const api = useApi();
  const cache = useQueryClient();
  const me = useQuery(meQuery(api));
  const [note, noteDialog] = useDisclosure(false);
  const [pulse, pulseDialog] = useDisclosure(false);
  const [override, overrideDialog] = useDisclosure(false);
  const standing = assessment?.health.override ?? null;
  const computed = assessment?.health.computed_score ?? null;
  const readOnly = me.data?.role === "viewer";
  const rescore = useMutation({
    mutationFn: () => unwrap(api.POST("/v1/accounts/{id}/score", {
      params: { path: { id: account.id }, header: idempotencyKey() },
    })),
    onSuccess: (made) => {
      const { score: now, band, coverage } = made.health;
      cache.setQueryData<AccountView>(["account", account.id, "view"], (old) => old && {
        ...old, assessment: made, account: { ...old.account, score: now, band, coverage, computed_at: made.computed_at },
      });
      void cache.invalidateQueries({ queryKey: ["account", account.id] });
      notifications.show({ message: `Scored now: ${score(now)}`, autoClose: 4000 });
    },
    onError: (error) => reportFailure(error, "Not scored"),
  });

  return (
    <header className={classes.header}>
      <div className={classes.identity}>
        <AccountMark name={account.name} size={52} />
        <div style={{ minWidth: 0 }}>
          <h1 className={classes.name}>{account.name}</h1>
          <div className={classes.tags}>
            {account.stage !== null && <Tag>{words(account.stage)}</Tag>}
            {account.touch !== null && <Tag>{words(account.touch)} touch</Tag>}
            {account.segment !== null && <Tag>{words(account.segment)}</Tag>}
            <Text size="xs" c="dimmed">
              {account.owner === null ? "No owner" : `Owner ${person(account.owner)}`}
              {account.domain !== null && ` · ${account.domain}`}
            </Text>
          </div>
        </div>
      </div>
      <div className={classes.score}>
        <ScoreRing score={account.score} band={account.band} />
        <div>
          <BandBadge band={account.band} /> {standing !== null && <Tag title={`${standing.author}: ${standing.reason}`}>set by hand until {day(standing.until)}</Tag>}
          {standing !== null && <Text size="xs" mt={4} component="div">Computed {score(computed)}, set to {score(standing.score)}</Text>}
          <Text size="xs" c="dimmed" mt={4} component="div">
            {account.delta_7d !== null && <><Delta value={account.delta_7d} label="7 d" /> &nbsp;</>}
            {account.delta_30d !== null && <Delta value={account.delta_30d} label="30 d" />}
          </Text>
          <Text size="xs" c="dimmed" component="div">Computed <When at={account.computed_at} wall /></Text>
        </div>
      </div>
      <div className={classes.figures}>
        <Stat label="ARR">{money(account.arr)}</Stat>
        <Stat label="Renewal" hint={renewal(account.days_to_renewal)}>{day(account.renewal_date)}</Stat>
        <Stat label="Coverage"><span style={{ fontSize: "1rem" }}><Coverage value={account.coverage} /></span></Stat>
      </div>
      <div className={classes.buttons}>
        <Button variant="default" disabled={readOnly} leftSection={<IconNote size={14} aria-hidden />} onClick={noteDialog.open}>Log note</Button>
        <Button variant="default" disabled={readOnly} leftSection={<IconHeartbeat size={14} aria-hidden />} onClick={pulseDialog.open}>Set pulse</Button>
        <Button variant="default" disabled={readOnly} leftSection={<IconAdjustments size={14} aria-hidden />} onClick={overrideDialog.open}>Override</Button>
        <Button
          disabled={readOnly} loading={rescore.isPending} leftSection={<IconRefresh size={14} aria-hidden />}
          onClick={() => rescore.mutate()}
        >
          Score now
        </Button>
      </div>
      <NoteDialog id={account.id} opened={note} onClose={noteDialog.close} />
      <OverrideDialog id={account.id} computed={computed} standing={standing} opened={override} onClose={overrideDialog.close} />
      <PulseDialog id={account.id} current={account.pulse} opened={pulse} onClose={pulseDialog.close} />
    </header>
  );
}
