import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { idempotencyKey, unwrap, useApi } from "~/api/client";
import { profileVersionQuery } from "~/api/queries";
import type { ProfileVersion, ProfileVersions } from "~/api/types";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { When } from "~/components/Numbers";
import { ScrollRegion } from "~/components/ScrollRegion";
import { Tag } from "~/components/SeverityBadge";
import { ProblemState, Rows } from "~/components/States";
import { person } from "~/lib/format";
import { Changes } from "./Changes";

/** Every published version, newest first, with what it changed and a way back to it. */
export function Versions({ versions, readOnly }: { versions: ProfileVersions; readOnly: boolean }) {
  const [looked, setLooked] = useState<ProfileVersion>();
  const [back, setBack] = useState<ProfileVersion>();
  return (
    <>
      <ScrollRegion label="Versions of the profiles">
        <table className="data">
          <thead><tr><th scope="col">Version</th><th scope="col">Do</th></tr></thead>
          <tbody>
            {versions.data.map((row) => (
              <tr key={row.version}>
                <td>
                  <Text size="sm" fw={500}>{row.version} {row.live && <Tag>live</Tag>} {row.restored_from !== null && <Tag>back to {row.restored_from}</Tag>}</Text>
                  {row.note !== null && <Text size="sm" style={{ overflowWrap: "anywhere" }}>{row.note}</Text>}
                  {row.published_at !== null && <Text size="xs" c="dimmed" component="div">{person(row.published_by)}, <When at={row.published_at} wall /> · {row.changes} {row.changes === 1 ? "change" : "changes"}</Text>}
                </td>
                <td>
                  <Group gap={4}>
                    {row.version > 1 && <Button size="compact-xs" variant="default" aria-label={`Differences of version ${row.version}`} onClick={() => setLooked(row)}>Differences</Button>}
                    {!readOnly && !row.live && <Button size="compact-xs" variant="default" aria-label={`Roll back to version ${row.version}`} onClick={() => setBack(row)}>Roll back</Button>}
                  </Group>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      <Modal opened={looked !== undefined} onClose={() => setLooked(undefined)} size="xl" title={`What version ${looked?.version ?? ""} changed`}>
        {looked !== undefined && <Differences version={looked.version} />}
      </Modal>
      <RollBack version={back} live={versions.live} onClose={() => setBack(undefined)} />
    </>
  );
}

function Differences({ version }: { version: number }) {
  const found = useQuery(profileVersionQuery(useApi(), version));
  if (found.isError) return <ProblemState error={found.error} onRetry={() => void found.refetch()} />;
  if (found.data === undefined) return <Rows count={6} />;
  return <Changes changes={found.data.diff} />;
}

function RollBack({ version, live, onClose }: { version: ProfileVersion | undefined; live: number; onClose: () => void }) {
  const api = useApi();
  const cache = useQueryClient();
  const restore = useMutation({
    mutationFn: (to: number) => unwrap(api.POST("/v1/profiles/versions/{version}/restore", {
      params: { path: { version: to }, header: { "If-Match": `"v${live}"`, ...idempotencyKey() } },
    })),
    onSuccess: (made) => {
      notifications.show({ message: `Version ${made.version} is published, equal to version ${made.restored_from ?? ""}; new scores of ${made.scores_asked} ${made.scores_asked === 1 ? "account" : "accounts"} are on their way`, autoClose: 6000 });
      onClose();
      void cache.invalidateQueries({ queryKey: ["profiles"] });
    },
    onError: (error) => reportFailure(error, "Not rolled back"),
  });
  return (
    <Modal opened={version !== undefined} onClose={onClose} title={`Roll back to version ${version?.version ?? ""}?`}>
      <Stack gap="md">
        <Text size="sm">A new version is published that is equal to it. New scores are asked for of every account that it concerns.</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button data-autofocus loading={restore.isPending} onClick={() => { if (version !== undefined) restore.mutate(version.version); }}>Roll back</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
