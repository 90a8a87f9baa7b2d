import type { Share } from "~/api/types";
import { integer, percent } from "~/lib/format";
import classes from "./Accuracy.module.css";

/** A share with its counts and its interval. */
export function Interval({ share }: { share: Share | null | undefined }) {
  if (share === null || share === undefined) return <span className="muted">none</span>;
  return (
    <>
      <strong className="num">{percent(share.share)}</strong>{" "}
      <span className={classes.range}>{integer(share.hits)} of {integer(share.of)} ({percent(share.low)} to {percent(share.high)})</span>
    </>
  );
}
