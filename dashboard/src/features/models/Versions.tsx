import { Button, Group, Modal } from "@mantine/core";
import { useState } from "react";
import type { LearntModel, ModelVersion } from "~/api/types";
import { ScrollRegion } from "~/components/ScrollRegion";
import { Tag } from "~/components/SeverityBadge";
import { decimal, integer } from "~/lib/format";
import { Details } from "./Details";
import { Figure } from "./Figure";
import { PlaceDialog } from "./PlaceDialog";
import { useDecide } from "./useDecide";
import { kinds, makers, roles } from "./words";

interface VersionsProps {
  models: LearntModel;
  readOnly: boolean;
}

/** The versions of a kind, newest first, with how well each does and what may be done with it. */
export function Versions({ models, readOnly }: VersionsProps) {
  const [looked, setLooked] = useState<ModelVersion>();
  // With the models as they were when the question was asked: their tag goes with the answer.
  const [placing, setPlacing] = useState<{ models: LearntModel; version: ModelVersion; role: "challenger" | "champion" }>();
  const { place } = useDecide(models, () => undefined);
  const watch = (version: string) => place.mutate({
    version, body: { role: "shadow", share: null, accept: [], reason: null }, said: `${version} is watched; nothing follows from it`,
  });
  return (
    <>
      <ScrollRegion label={`Versions for ${kinds[models.kind].title.toLowerCase()}`}>
        <table className="data">
          <thead>
            <tr>
              <th scope="col">Version</th><th scope="col">Role</th><th scope="col">Made how</th><th scope="col" className="num">Accounts</th>
              <th scope="col" className="num">AUC</th><th scope="col" className="num">PR-AUC</th><th scope="col" className="num">Lift, top tenth</th>
              <th scope="col" className="num">ECE</th><th scope="col">Do</th>
            </tr>
          </thead>
          <tbody>
            {models.versions.map((row) => {
              const { version, role, validation } = row;
              return (
                <tr key={version}>
                  <td className="mono">{version}</td>
                  <td>{role === "idle" ? <span className="muted">{roles.idle}</span> : <Tag>{roles[role]}</Tag>}</td>
                  <td>{makers[row.maker]}</td>
                  <td className="num">{integer(row.trained_on?.accounts)}</td>
                  <td className="num"><Figure of={validation?.auc} /></td>
                  <td className="num"><Figure of={validation?.pr_auc} /></td>
                  <td className="num"><Figure of={validation?.lift_at_10} digits={1} /></td>
                  <td className="num">{decimal(validation?.ece, 3)}</td>
                  <td>
                    <Group gap={4} wrap="nowrap">
                      <Button size="compact-xs" variant="default" aria-label={`Details of ${version}`} onClick={() => setLooked(row)}>Details</Button>
                      {!readOnly && role !== "shadow" && role !== "champion" && (
                        <Button size="compact-xs" variant="default" aria-label={`Watch ${version}`} loading={place.isPending} onClick={() => watch(version)}>Watch</Button>
                      )}
                      {!readOnly && role !== "champion" && (
                        <>
                          <Button size="compact-xs" variant="default" aria-label={`Answer for a share: ${version}`} onClick={() => setPlacing({ models, version: row, role: "challenger" })}>Answer for a share</Button>
                          <Button size="compact-xs" variant="default" aria-label={`Promote ${version}`} onClick={() => setPlacing({ models, version: row, role: "champion" })}>Promote</Button>
                        </>
                      )}
                    </Group>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </ScrollRegion>
      <Modal opened={looked !== undefined} onClose={() => setLooked(undefined)} size="xl" title={`Version ${looked?.version ?? ""}`}>
        {looked !== undefined && <Details version={looked} />}
      </Modal>
      {placing !== undefined && <PlaceDialog {...placing} onClose={() => setPlacing(undefined)} />}
    </>
  );
}
