import type { Browser, Page } from "playwright-core";
import { preview, type PreviewServer } from "vite";
import { launch } from "../browser/chromium";
import { FakeApi } from "./fakeApi";

/** The built dashboard behind a static server, in one browser. */
export class World {
  private constructor(readonly browser: Browser, private readonly server: PreviewServer, readonly url: string) {}

  static async start(): Promise<World> {
    const server = await preview({ preview: { port: 0, host: "127.0.0.1" }, logLevel: "error" });
    const address = server.httpServer.address();
    if (address === null || typeof address === "string") throw new Error("The preview server has no port.");
    return new World(await launch(), server, `http://127.0.0.1:${address.port}/`);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.server.close();
  }

  /** A signed-in page at `path`. */
  async open(path: string, options: { api?: FakeApi; dark?: boolean; phone?: boolean; before?: (page: Page) => Promise<unknown> } = {}): Promise<{ page: Page; api: FakeApi }> {
    const context = await this.browser.newContext({
      colorScheme: options.dark === true ? "dark" : "light",
      viewport: options.phone === true ? { width: 390, height: 844 } : { width: 1440, height: 900 },
      locale: "en-GB", timezoneId: "Europe/Lisbon", reducedMotion: "reduce",
    });
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    const api = options.api ?? new FakeApi();
    await api.install(page);
    await page.addInitScript((stored) => sessionStorage.setItem("copilot.tokens", stored), JSON.stringify({ idToken: token() }));
    await options.before?.(page);
    await page.goto(`${this.url}#${path}`);
    return { page, api };
  }
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token that reads like one and lasts an hour. */
export function token(claims: Record<string, unknown> = {}): string {
  return `${part({ alg: "none" })}.${part({ exp: Math.floor(Date.now() / 1000) + 3600, email: "csm@demo.example", ...claims })}.x`;
}
