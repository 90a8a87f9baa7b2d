import { Text } from "@mantine/core";
import type { Assessment } from "~/api/types";
import { BandBadge } from "~/components/BandBadge";
import { Panel } from "~/components/Panel";
import { ScrollRegion } from "~/components/ScrollRegion";
import { percent, score as scoreText } from "~/lib/format";

/** Further scores beside the health; nothing when the tenant has none. */
export function Scorecards({ assessment }: { assessment: Assessment | null }) {
  const cards = assessment?.scorecards ?? [];
  if (assessment === null || cards.length === 0) return null;
  return (
    <Panel flush title="Scorecards" hint="Beside the health; without effect on bands and alerts">
      <ScrollRegion label="Scorecards side by side">
        <table className="data">
          <thead><tr><th scope="col">Scorecard</th><th scope="col" className="num">Score</th><th scope="col">Range</th><th scope="col" className="num">Coverage</th></tr></thead>
          <tbody>
            <tr>
              <td><Text size="sm" fw={600}>Health</Text></td>
              <td className="num"><strong>{scoreText(assessment.health.score)}</strong></td>
              <td><BandBadge band={assessment.health.band} size="sm" /></td>
              <td className="num">{percent(assessment.health.coverage)}</td>
            </tr>
            {cards.map((card) => (
              <tr key={card.id}>
                <td><Text size="sm">{card.name}</Text></td>
                <td className="num"><strong>{scoreText(card.score)}</strong></td>
                <td><BandBadge band={card.band} size="sm" /></td>
                <td className="num">{percent(card.coverage)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </Panel>
  );
}
