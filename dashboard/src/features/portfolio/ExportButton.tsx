import { Button, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDownload } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useApi } from "~/api/client";
import { describe } from "~/api/errors";
import { everyAccount } from "~/api/everyAccount";
import type { AccountCard, AccountPage, AccountsQuery } from "~/api/types";
import { download, toCsv } from "~/lib/csv";
import { integer } from "~/lib/format";
import type { Column } from "./columns";

interface ExportButtonProps {
  query: AccountsQuery;
  pages: readonly AccountPage[];
  total: number | null;
  shown: readonly Column[];
  disabled: boolean;
}

/** Writes every account of the view, also those that the table has not come to yet; it says how far it is and can be stopped. */
export function ExportButton({ query, pages, total, shown, disabled }: ExportButtonProps) {
  const api = useApi();
  const [count, setCount] = useState<number>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  async function start() {
    const stop = new AbortController();
    running.current = stop;
    setCount(0);
    try {
      const rows = await everyAccount(api, query, { pages }, stop.signal, setCount);
      save(rows, shown);
      notifications.show({ message: `${integer(rows.length)} accounts exported`, autoClose: 4000 });
    } catch (error) {
      if (!stop.signal.aborted) {
        const { title, detail } = describe(error);
        notifications.show({ color: "red", title: `Not exported: ${title}`, message: detail, autoClose: 9000 });
      }
    } finally {
      if (running.current === stop) setCount(undefined);
    }
  }

  if (count === undefined) {
    return (
      <Button variant="default" leftSection={<IconDownload size={14} aria-hidden />} disabled={disabled} onClick={() => void start()}>
        Export CSV
      </Button>
    );
  }
  return (
    <>
      <Text size="sm" c="dimmed" className="num" role="status">
        Exporting: {integer(count)}{total === null ? "" : ` of ${integer(total)}`} accounts
      </Text>
      <Button variant="default" onClick={() => { running.current?.abort(); setCount(undefined); }}>Cancel export</Button>
    </>
  );
}

function save(rows: readonly AccountCard[], shown: readonly Column[]): void {
  const header = ["id", "external_id", "name", "band", ...shown.map(({ id }) => id), "currency"];
  const body = rows.map((row) => [row.id, row.external_id, row.name, row.band, ...shown.map(({ csv }) => csv(row)), (row.arr ?? row.mrr)?.currency]);
  download(`portfolio-${new Date().toISOString().slice(0, 10)}.csv`, toCsv(header, body));
}
