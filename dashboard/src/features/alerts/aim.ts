/** The place that is drawn: its key in the history, and the step of the inbox that led to it, if one did. */
export interface Drawn {
  key: string;
  step: number | undefined;
}

/** The step that a location's state carries, if any. */
export function stepOf(state: unknown): number | undefined {
  return typeof state === "object" && state !== null && "step" in state && typeof state.step === "number" ? state.step : undefined;
}

/**
 * What the keys mean while the page is still being drawn.
 *
 * The address changes at once, the page a moment later, and several steps may be drawn one by one or together: until
 * the last of them is drawn, a key means what was stepped to. Once another place is drawn (a link was followed), what
 * is in sight counts again.
 */
export class Aim<T> {
  #steps = 0;
  #pending: { from: string; first: number; last: number; to: T } | undefined;

  /** A step to `to`, taken while `drawn` was in sight: the state to be carried by the new location. */
  step(drawn: Drawn, to: T): { step: number } {
    this.#steps += 1;
    const before = this.#ahead(drawn);
    this.#pending = { from: before?.from ?? drawn.key, first: before?.first ?? this.#steps, last: this.#steps, to };
    return { step: this.#steps };
  }

  /** What a key means now: the last step's aim while it is not drawn, else what is in sight. */
  current(drawn: Drawn, inSight: T): T {
    return this.#ahead(drawn)?.to ?? inSight;
  }

  #ahead({ key, step }: Drawn) {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    // By the key first: a place that was loaded anew, or come back to, still carries a step of before.
    const onTheWay = key === pending.from || (step !== undefined && step >= pending.first && step < pending.last);
    return onTheWay ? pending : undefined;
  }
}
