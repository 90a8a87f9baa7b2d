import { IconCircle, IconCircleCheckFilled, IconPointFilled, IconQuestionMark, IconStarFilled } from "@tabler/icons-react";
import type { WhiteSpaceCell } from "~/api/types";
import { CELLS, cellWords } from "~/lib/vocabulary";
import classes from "./WhiteSpace.module.css";

const marks = {
  used: { icon: IconCircleCheckFilled, color: "var(--healthy)" },
  owned: { icon: IconCircle, color: "var(--healthy)" },
  fit: { icon: IconStarFilled, color: "var(--accent)" },
  untouched: { icon: IconPointFilled, color: "var(--muted)" },
  unknown: { icon: IconQuestionMark, color: "var(--muted)" },
};
const unknown = { label: "Not counted", help: "the page of this account did not have the product" };

function Mark({ of }: { of: keyof typeof marks }) {
  const { icon: Icon, color } = marks[of];
  return <Icon size={of === "untouched" ? 9 : 17} color={color} aria-hidden />;
}

/** How an account stands to a product: a sign of its own shape, and the word. */
export function Cell({ cell }: { cell: WhiteSpaceCell | undefined }) {
  const { label } = cell === undefined ? unknown : cellWords[cell];
  return (
    <td className={classes.cell} data-cell={cell} title={label}>
      <Mark of={cell ?? "unknown"} />
      <span className="visually-hidden">{label}</span>
    </td>
  );
}

export function Legend({ withUnknown }: { withUnknown: boolean }) {
  return (
    <ul className={classes.legend} aria-label="What the signs mean">
      {CELLS.map((cell) => <li key={cell}><span className={classes.sign}><Mark of={cell} /></span><span><strong>{cellWords[cell].label}</strong>: {cellWords[cell].help}</span></li>)}
      {withUnknown && <li><span className={classes.sign}><Mark of="unknown" /></span><span><strong>{unknown.label}</strong>: {unknown.help}</span></li>}
    </ul>
  );
}
