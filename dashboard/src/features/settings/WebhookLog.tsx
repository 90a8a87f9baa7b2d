import { Button, Modal } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { unwrap, useApi } from "~/api/client";
import { webhookLogQuery } from "~/api/queries";
import type { Webhook } from "~/api/types";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { When } from "~/components/Numbers";
import { ScrollRegion } from "~/components/ScrollRegion";
import { EmptyState, ProblemState, Rows } from "~/components/States";
import { integer, words } from "~/lib/format";

/** What was sent to a webhook, what came of it, and sending it again. */
export function WebhookLog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const api = useApi();
  const cache = useQueryClient();
  const query = useInfiniteQuery(webhookLogQuery(api, webhook.id));
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  const resend = useMutation({
    mutationFn: (delivery: string) => unwrap(api.POST("/v1/webhooks/{id}/deliveries/{delivery}/resend", { params: { path: { id: webhook.id, delivery } } })),
    onSuccess: () => {
      notifications.show({ message: "It is on its way again", autoClose: 3000 });
      void cache.invalidateQueries({ queryKey: ["webhook-log", webhook.id] });
    },
    onError: (error) => reportFailure(error, "Not sent"),
  });
  return (
    <Modal opened onClose={onClose} size="xl" title={`Deliveries to ${webhook.url}`}>
      {query.isError ? <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        : query.isPending ? <Rows count={5} />
          : rows.length === 0 ? <EmptyState title="Nothing was sent in the last 30 days">A test shows whether the address answers.</EmptyState>
            : (
              <ScrollRegion label="Table of deliveries" maxHeight={420}>
                <table className="data">
                  <thead>
                    <tr><th scope="col">Event</th><th scope="col">State</th><th scope="col" className="num">Tries</th><th scope="col">When</th><th scope="col">Do</th></tr>
                  </thead>
                  <tbody>
                    {rows.map((row) => (
                      <tr key={row.id}>
                        <td>{row.type}<div className="mono muted">{row.id.slice(0, 18)}</div></td>
                        <td>
                          {words(row.status)}{row.last_status === null ? "" : ` (${row.last_status})`}
                          {row.last_error !== null && <div className="muted">{row.last_error}</div>}
                          {row.next_try_at !== null && <div className="muted">Again <When at={row.next_try_at} wall /></div>}
                        </td>
                        <td className="num">{integer(row.attempts)}</td>
                        <td style={{ whiteSpace: "nowrap" }}><When at={row.created_at} wall /></td>
                        <td>
                          <Button
                            size="compact-xs" variant="default" disabled={!webhook.enabled} loading={resend.isPending && resend.variables === row.id}
                            onClick={() => resend.mutate(row.id)}
                          >
                            Send again
                          </Button>
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </ScrollRegion>
            )}
      {query.hasNextPage && (
        <div style={{ padding: 10, textAlign: "center" }}>
          <Button variant="subtle" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Load older</Button>
        </div>
      )}
    </Modal>
  );
}
