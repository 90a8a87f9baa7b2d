import { Button, Menu, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { unwrap, useApi } from "~/api/client";
import type { TimelineItem, Tone } from "~/api/types";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import { When } from "~/components/Numbers";
import { Tag } from "~/components/SeverityBadge";
import { person, words } from "~/lib/format";
import { ToneChip } from "./ToneChip";

const TONES: readonly Tone[] = ["negative", "neutral", "positive"];

interface ToneNoteProps {
  account: string;
  item: TimelineItem;
  readOnly: boolean;
}

/** The tone of an entry's text with the words that say so, and a person's correction of it. */
export function ToneNote({ account, item, readOnly }: ToneNoteProps) {
  const api = useApi();
  const cache = useQueryClient();
  const correct = useMutation({
    mutationFn: (given: Tone | null) => unwrap(api.PUT("/v1/accounts/{id}/tone", {
      params: { path: { id: account } },
      body: { kind: item.kind === "survey" ? "survey" : "ticket", source: item.source, external_id: item.tone?.external_id ?? "", tone: given },
    })),
    onSuccess: (now) => {
      notifications.show({ message: now.label === null ? "Correction taken back" : `Noted: ${now.tone}`, autoClose: 4000 });
      void cache.invalidateQueries({ queryKey: ["account", account] });
      void cache.invalidateQueries({ queryKey: ["alerts"] });
    },
    onError: (error) => reportFailure(error, "Not corrected"),
  });
  const { tone } = item;
  if (tone === null) return null;
  return (
    <div style={{ marginTop: 4, display: "grid", gap: 2 }}>
      <div style={{ display: "flex", flexWrap: "wrap", gap: 6, alignItems: "center" }}>
        <ToneChip tone={tone.tone} />
        <Tag title="What it is about">{words(tone.category)}</Tag>
        {!readOnly && (
          <Menu position="bottom-start" withinPortal>
            <Menu.Target>
              <Button size="compact-xs" variant="subtle" loading={correct.isPending} aria-label={`Not ${tone.tone}? ${item.title}`}>Not {tone.tone}?</Button>
            </Menu.Target>
            <Menu.Dropdown>
              {TONES.filter((other) => other !== tone.tone).map((other) => <Menu.Item key={other} onClick={() => correct.mutate(other)}>It is {other}</Menu.Item>)}
              {tone.label !== null && <Menu.Item onClick={() => correct.mutate(null)}>Take the correction back</Menu.Item>}
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
      {tone.evidence !== null && <Text size="xs" component="q" style={{ overflowWrap: "anywhere" }}>{tone.evidence}</Text>}
      <Text size="xs" c="dimmed" component="div">
        {tone.label === null ? <>Read by {reader(tone.method, tone.version)}</> : <>Corrected by {person(tone.label.author)} <When at={tone.label.at} />; read as {tone.read} by {reader(tone.method, tone.version)}</>}
        {tone.missing_model !== null && `. Your own model ${tone.missing_model} cannot be loaded`}
      </Text>
    </div>
  );
}

/** What read a text: the version says whether it is a model or the lexicon. */
function reader(method: string, version: string): string {
  return method === "model" ? `the model ${version}` : version;
}
