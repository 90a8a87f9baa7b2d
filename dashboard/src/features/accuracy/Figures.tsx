import { Stat } from "~/components/Numbers";
import type { AccuracyPart } from "~/api/types";
import type { PredictionKind } from "~/api/queries";
import { decimal, integer } from "~/lib/format";
import classes from "./Accuracy.module.css";
import { Interval } from "./Interval";
import { kindNames } from "./words";

/** Right and wrong at the cut, and the figures over all cuts. */
export function Figures({ part, kind }: { part: AccuracyPart; kind: PredictionKind }) {
  const { confusion } = part;
  const { happened } = kindNames[kind];
  return (
    <div className={classes.stack}>
      <div className={classes.stats}>
        <Stat label="Checked" hint={`${integer(part.accounts)} accounts, ${integer(part.happened)} ${happened}`}>{integer(part.rows)}</Stat>
        <Stat label="PR-AUC">{decimal(part.pr_auc, 2)}</Stat>
        <Stat label="Lift, top tenth">{decimal(part.lift_at_10, 1)}</Stat>
        <Stat label="Calibration error">{decimal(part.ece, 3)}</Stat>
        <Stat label="Brier">{decimal(part.brier, 3)}</Stat>
      </div>
      <div>Precision: <Interval share={part.precision} /></div>
      <div>Recall: <Interval share={part.recall} /></div>
      <table className={`data ${classes.confusion}`}>
        <thead>
          <tr><th scope="col">Predicted</th><th scope="col" className="num">It happened</th><th scope="col" className="num">It did not</th></tr>
        </thead>
        <tbody>
          <tr><th scope="row">Yes</th><td className="num">{integer(confusion.true_positive)}</td><td className="num">{integer(confusion.false_positive)}</td></tr>
          <tr><th scope="row">No</th><td className="num">{integer(confusion.false_negative)}</td><td className="num">{integer(confusion.true_negative)}</td></tr>
        </tbody>
      </table>
    </div>
  );
}
