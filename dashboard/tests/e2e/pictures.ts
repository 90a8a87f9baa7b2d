import { copyFileSync, mkdirSync } from "node:fs";

const root = new URL("../../../", import.meta.url).pathname;
const TRACKED = `${root}docs/screenshots`;

/**
 * The pictures of a run, in `.local/screenshots`, which is not tracked: a test leaves the clone as it was. With
 * `SCREENSHOTS=docs` a run that went through copies them over those of the documentation (`make screenshots`).
 */
export class Pictures {
  readonly #folder = `${root}.local/screenshots`;
  readonly #taken = new Set<string>();

  constructor() {
    mkdirSync(this.#folder, { recursive: true });
  }

  /** Where the picture of this name goes. */
  path(name: string): string {
    this.#taken.add(name);
    return `${this.#folder}/${name}.png`;
  }

  publish(): void {
    if (process.env["SCREENSHOTS"] !== "docs") return;
    for (const name of this.#taken) copyFileSync(this.path(name), `${TRACKED}/${name}.png`);
  }
}
