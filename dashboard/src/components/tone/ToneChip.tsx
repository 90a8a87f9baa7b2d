import { IconMoodEmpty, IconMoodSad, IconMoodSmile } from "@tabler/icons-react";
import type { Tone } from "~/api/types";
import { words } from "~/lib/format";
import classes from "../badges.module.css";

const looks: Record<Tone, { color: string; Icon: typeof IconMoodSad }> = {
  negative: { color: "critical", Icon: IconMoodSad },
  neutral: { color: "insufficient_data", Icon: IconMoodEmpty },
  positive: { color: "healthy", Icon: IconMoodSmile },
};

/** The tone of a text by face, word and colour. */
export function ToneChip({ tone }: { tone: Tone }) {
  const { color, Icon } = looks[tone];
  return (
    <span className={classes.badge} data-size="sm" style={{ color: `var(--${color})`, background: `var(--${color}-bg)` }}>
      <Icon size={13} stroke={2} aria-hidden />
      {words(tone)}
    </span>
  );
}
