import type { Money } from "~/api/types";
import { Stat } from "~/components/Numbers";
import { money, moneyValue, NONE, percent } from "~/lib/format";
import classes from "./Today.module.css";

interface SumsProps {
  label: string;
  sums: readonly Money[];
  /** The whole that each sum is a part of, in any order; its share is written beside it. */
  of?: readonly Money[];
  /** Whether all of the money is in the sums; until then a nought is no figure, and a share would be of a part. */
  complete: boolean;
}

/** One sum per currency: the first in full size, the others in a line below. They are never added: no rate is known. */
export function Sums({ label, sums, of: all, complete }: SumsProps) {
  const [first, ...others] = complete ? sums : sums.filter(({ amount_minor: amount }) => amount !== 0);
  const of = complete ? all : undefined;
  const share = first === undefined || of === undefined ? null : shareOf(first, of);
  return (
    <Stat label={label}>
      <span className="num">{first === undefined ? NONE : money(first)}</span>
      <div className={classes.under}>
        {share !== null && <div className="num">{percent(share, 1)} of {others.length > 0 ? `${first?.currency} ARR` : "ARR in At risk or Critical"}</div>}
        <OtherSums sums={others} {...(of === undefined ? {} : { of })} />
      </div>
    </Stat>
  );
}

/** The sums beside the largest, small but each in full. */
function OtherSums({ sums, of }: { sums: readonly Money[]; of?: readonly Money[] }) {
  if (sums.length === 0) return null;
  return (
    <ul className={classes.sums} aria-label="In other currencies">
      {sums.map((sum) => {
        const share = of === undefined ? null : shareOf(sum, of);
        return <li key={sum.currency} className="num" title={money(sum, "full")}>{money(sum)}{share === null ? "" : ` (${percent(share, 1)})`}</li>;
      })}
    </ul>
  );
}

/** The part of the whole in the same currency; `null` where there is no whole to share. */
function shareOf(part: Money, whole: readonly Money[]): number | null {
  const found = whole.find(({ currency }) => currency === part.currency);
  return found === undefined || found.amount_minor <= 0 ? null : moneyValue(part) / moneyValue(found);
}
