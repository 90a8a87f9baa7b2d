interface Versioned {
  id: string;
  etag: string;
}

/** Waits this long for the answer to a change; then it has failed, and what waits for it goes on. */
const PATIENCE_MS = 30_000;

/** What gives a change up that is not answered. */
export const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS);

/**
 * One's own changes of a thing, sent one after the other. A change that is asked for before the answer to the one before
 * has come, or is drawn, was meant for what that one leaves: it is sent with the version left, not with the one in sight,
 * and so is not refused as if somebody else had been faster. A version that somebody else made is not in the chain; after
 * a change that failed, the next is sent as it was asked for.
 */
export class OwnChanges<T extends Versioned> {
  /** The version that a change left, by the thing and the version that it was of. */
  readonly #left = new Map<string, string>();
  readonly #underWay = new Map<string, Promise<unknown>>();

  /** Sends `changes` in their order, after those of the same thing that are under way. */
  async send(seen: T, changes: readonly ((now: T) => Promise<T>)[]): Promise<T> {
    const before = this.#underWay.get(seen.id) ?? Promise.resolve();
    // One that failed has been reported by whoever asked for it.
    const result = before.catch(() => undefined).then(() => this.#run(seen, changes));
    this.#underWay.set(seen.id, result);
    try {
      return await result;
    } finally {
      if (this.#underWay.get(seen.id) === result) this.#underWay.delete(seen.id);
    }
  }

  async #run(seen: T, changes: readonly ((now: T) => Promise<T>)[]): Promise<T> {
    let now = { ...seen, etag: this.#newest(seen) };
    for (const change of changes) {
      const changed = await change(now);
      if (changed.etag !== now.etag) this.#left.set(`${now.id} ${now.etag}`, changed.etag);
      now = changed;
    }
    return now;
  }

  #newest({ id, etag }: T): string {
    let now = etag;
    for (let next = this.#left.get(`${id} ${now}`); next !== undefined; next = this.#left.get(`${id} ${now}`)) now = next;
    return now;
  }
}
