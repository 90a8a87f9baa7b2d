import { Progress as Bar, Stack, Text } from "@mantine/core";
import type { Backtest } from "~/api/types";
import { useWallClock } from "~/components/clock";
import { integer } from "~/lib/format";
import { isUnderWay } from "~/lib/learnt";

/** How far a backtest is, or why there is no result. */
export function Progress({ backtest }: { backtest: Backtest }) {
  const underWay = isUnderWay(backtest, useWallClock());
  const { accounts, accounts_done: done, status, said } = backtest;
  if (status === "failed") return <Text size="sm" role="alert"><strong>It broke off:</strong> {said}. Start it again.</Text>;
  if (!underWay) return <Text size="sm" role="status">{status === "done" ? "Its result is of an older form: start it again." : "It has said nothing for hours: start it again."}</Text>;
  return (
    <Stack gap={6} maw={640}>
      <Text size="sm">{said}</Text>
      <Bar aria-label="Accounts read" value={accounts === 0 ? 0 : (100 * done) / accounts} />
      <Text size="xs" c="dimmed" role="status">{accounts === 0 ? "Waits for its turn" : `${integer(done)} of ${integer(accounts)} accounts read`}</Text>
    </Stack>
  );
}
