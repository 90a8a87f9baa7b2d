import type { ModelInterval } from "~/api/types";
import { decimal } from "~/lib/format";
import classes from "./Models.module.css";

/** A figure with its interval of 95 %. */
export function Figure({ of, digits = 2 }: { of: ModelInterval | undefined; digits?: number }) {
  if (of === undefined) return <span className="muted">–</span>;
  return <>{decimal(of.value, digits)} <span className={classes.range}>{decimal(of.low, digits)} to {decimal(of.high, digits)}</span></>;
}
