/** Products in words: why one is told, and what the lists were worth. */
import { integer, percent, signed } from "./format";

interface Reason {
  product: string;
  owners: number;
  both: number;
}

/** A reason in counts, for the product that is told. */
export function reasonText(told: string, { product, owners, both }: Reason): string {
  return `${integer(both)} of ${integer(owners)} accounts that own ${product} also ${both === 1 ? "owns" : "own"} ${told}`;
}

/** What the reasons come to that are not listed; nothing where all are. */
export function restText({ rest, score }: { rest: number; score: number }): string | undefined {
  if (rest <= 0 || score <= 0) return undefined;
  const share = rest / score;
  return `The rest, ${share < 0.005 ? "less than 1%" : percent(share)}, comes from other products that it owns`;
}

interface Worth {
  at_3: number;
}
interface Figures {
  cases: number;
  ours: Worth;
  popular: Worth;
  gain_low: number;
  gain_high: number;
}

/** How often one of the first three was taken, beside the list of what most accounts own. */
export function worthText({ cases, ours, popular }: Figures): string {
  return `In ${integer(cases)} cases an account took something new within 90 days. One of the first three told was taken in ${percent(ours.at_3, 1)}; of the list of what most accounts own, in ${percent(popular.at_3, 1)}.`;
}

/** The gain over the list of what most own, with its interval. */
export function gainText({ gain_low: low, gain_high: high }: Figures): string {
  const sure = low > 0 ? "surely better" : high < 0 ? "surely worse" : "not surely better";
  return `Mean of 1 ÷ place of what was taken, against that list: ${signed(low, 3)} to ${signed(high, 3)} with a chance of 95%, so ${sure}.`;
}

/** How many own a product, where that was counted, and whether it is still bought. */
export function ownersText({ owners, sold }: { owners: number | null; sold: boolean }): string {
  const counted = owners === null ? [] : [`${integer(owners)} ${owners === 1 ? "owner" : "owners"}`];
  return [...counted, ...(sold ? [] : ["no longer bought"])].join(", ");
}
