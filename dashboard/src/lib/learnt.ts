/** A tenth of the probabilities: what was said on average, and how often it happened. */
export interface LearntBin {
  from: number;
  to: number;
  rows: number;
  said: number;
  happened: number;
}

/** The bins of a learnt model's calibration that hold rows. They come as ten of equal width, the lowest first. */
export function learntBins(bins: readonly { rows: number; said: number; happened: number }[]): LearntBin[] {
  return bins
    .map((bin, at) => ({ from: at / bins.length, to: (at + 1) / bins.length, ...bin }))
    .filter(({ rows }) => rows > 0);
}

/** Hours after which the API no longer takes a run that has not ended for one that is under way. */
const STALE_RUN_HOURS = 6;

/** Whether a training run is under way, by the wall clock. */
export function isUnderWay(run: { status: string; asked_at: string } | null, now: number): boolean {
  if (run === null || (run.status !== "queued" && run.status !== "running")) return false;
  return now - Date.parse(run.asked_at) < STALE_RUN_HOURS * 3_600_000;
}
