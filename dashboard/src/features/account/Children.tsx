import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "~/api/client";
import { rollupQuery } from "~/api/queries";
import { BandBadge } from "~/components/BandBadge";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { ProblemState } from "~/components/States";
import { integer, money, score as scoreText } from "~/lib/format";
import { paths } from "~/lib/paths";

const MODE = { average: "mean", arr_weighted: "mean by ARR", worst: "lowest" };

/** The children of a parent account and what they come to; nothing for an account without children. */
export function Children({ id }: { id: string }) {
  const found = useQuery(rollupQuery(useApi(), id));
  if (found.isError) return <Panel title="Children"><ProblemState error={found.error} onRetry={() => void found.refetch()} /></Panel>;
  if (found.data === undefined || found.data.children.length === 0) return null;
  const { mode, score, band, counted, children, complete } = found.data;
  return (
    <Panel
      flush title="Children" hint={`${MODE[mode]} of ${integer(counted)} with a score${complete ? "" : "; the first 500"}`}
      aside={<Text size="sm" component="div"><strong className="num">{scoreText(score)}</strong> {band !== null && <BandBadge band={band} size="sm" />}</Text>}
    >
      <ScrollRegion label="Table of children" maxHeight={320}>
        <table className="data">
          <thead><tr><th scope="col">Account</th><th scope="col" className="num">ARR</th><th scope="col" className="num">Score</th><th scope="col">Band</th></tr></thead>
          <tbody>
            {children.map((child) => (
              <tr key={child.id}>
                <td><Link className="plain" to={paths.account(child.id)}>{child.name}</Link></td>
                <td className="num">{money(child.arr)}</td>
                <td className="num">{scoreText(child.score)}</td>
                <td><BandBadge band={child.band} size="sm" /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </Panel>
  );
}
