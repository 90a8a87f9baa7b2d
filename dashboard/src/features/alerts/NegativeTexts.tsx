import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "~/api/client";
import { negativeTextsQuery } from "~/api/queries";
import type { Alert } from "~/api/types";
import { When } from "~/components/Numbers";
import { Panel } from "~/components/Panel";
import { ProblemState, Rows } from "~/components/States";
import { ToneNote } from "~/components/tone/ToneNote";
import { paths } from "~/lib/paths";

/** Days that R15 looks back. */
const DAYS = 14;

/** The tickets of negative tone that an alert of R15 is about, with the words that say so. */
export function NegativeTexts({ alert, readOnly }: { alert: Alert; readOnly: boolean }) {
  const { id } = alert.account;
  const query = useQuery(negativeTextsQuery(useApi(), id));
  const to = Date.parse(alert.last_seen_at);
  const items = (query.data?.data ?? []).filter(({ at }) => Date.parse(at) <= to && Date.parse(at) > to - DAYS * 86_400_000);
  return (
    <Panel title="What they wrote" hint={`Tickets of negative tone in the ${DAYS} days before the alert was last seen, as they are read now`}>
      {query.isError ? <ProblemState error={query.error} onRetry={() => void query.refetch()} />
        : query.isPending ? <Rows count={3} height={40} />
          : items.length === 0 ? <Text size="sm" c="dimmed">None is read as negative any more: somebody corrected them, or another model reads them.</Text>
            : (
              <ul style={{ listStyle: "none", margin: 0, padding: 0, display: "grid", gap: 14 }}>
                {items.map((item) => (
                  <li key={item.id}>
                    <Text size="sm" fw={500} component="div">{item.title} <Text span size="xs" c="dimmed"><When at={item.at} /></Text></Text>
                    <ToneNote account={id} item={item} readOnly={readOnly} />
                  </li>
                ))}
              </ul>
            )}
      <Text size="sm" mt="sm" component="div"><Link to={`${paths.account(id, "timeline")}&kind=ticket&tone=negative`}>See them in the timeline</Link></Text>
    </Panel>
  );
}
