interface Versioned {
  id: string;
  etag: string;
}

/**
 * One's own changes of a thing, sent one after the other. A change that is asked for before the answer to the one before
 * has come, or is drawn, was meant for what that one leaves: it is sent with the version left, not with the one in sight,
 * and so is not refused as if somebody else had been faster. A version that somebody else made is not in the chain.
 */
export class OwnChanges<T extends Versioned> {
  /** What a change of a version left, by the thing and the version. */
  readonly #left = new Map<string, T>();
  readonly #underWay = new Map<string, Promise<unknown>>();

  /** Sends `changes` in their order, after those of the same thing that are under way. */
  async send(seen: T, changes: readonly ((now: T) => Promise<T>)[]): Promise<T> {
    const before = this.#underWay.get(seen.id) ?? Promise.resolve();
    // One that failed has been reported by whoever asked for it.
    const result = before.catch(() => undefined).then(() => this.#run(seen, changes));
    this.#underWay.set(seen.id, result);
    return await result;
  }

  async #run(seen: T, changes: readonly ((now: T) => Promise<T>)[]): Promise<T> {
    let now = this.#newest(seen);
    for (const change of changes) {
      const changed = await change(now);
      if (changed.etag !== now.etag) this.#left.set(`${now.id} ${now.etag}`, changed);
      now = changed;
    }
    return now;
  }

  #newest(seen: T): T {
    let now = seen;
    for (let next = this.#left.get(`${now.id} ${now.etag}`); next !== undefined; next = this.#left.get(`${now.id} ${now.etag}`)) now = next;
    return now;
  }
}
