import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi } from "./fakeApi";
import { token, World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

interface HostedPage {
  nonce?: string;
  state?: string;
  tokenStatus?: number;
}

/** A sign-in service that agrees at once; `bend` makes it answer wrongly. */
async function visit(bend: HostedPage = {}, path = "/accounts"): Promise<{ page: Page; asked: URLSearchParams[]; tokens: URLSearchParams[] }> {
  const context = await world.browser.newContext();
  const page = await context.newPage();
  await new FakeApi().install(page);
  const asked: URLSearchParams[] = [];
  const tokens: URLSearchParams[] = [];
  await page.route("**/sign-in/oauth2/authorize*", (route) => {
    const query = new URL(route.request().url()).searchParams;
    asked.push(query);
    const back = new URL(query.get("redirect_uri") ?? "");
    back.searchParams.set("code", "c-1");
    back.searchParams.set("state", bend.state ?? query.get("state") ?? "");
    return route.fulfill({ status: 302, headers: { location: back.href } });
  });
  await page.route("**/sign-in/oauth2/token", (route) => {
    tokens.push(new URLSearchParams(route.request().postData() ?? ""));
    const nonce = bend.nonce ?? asked.at(-1)?.get("nonce") ?? "";
    return bend.tokenStatus === undefined
      ? route.fulfill({ json: { id_token: token({ nonce }), refresh_token: "r-1", token_type: "Bearer" } })
      : route.fulfill({ status: bend.tokenStatus, json: { error: "invalid_grant", error_description: "code has expired" } });
  });
  await page.goto(`${world.url}#${path}`);
  return { page, asked, tokens };
}

describe("sign-in", () => {
  test("code and PKCE, back to the page that was asked for, no code left in the address", async () => {
    const { page, asked, tokens } = await visit();
    const signIn = page.getByRole("button", { name: "Sign in" });
    await signIn.waitFor();
    expect(await axe(page)).toEqual([]);
    await signIn.click();
    await page.getByRole("heading", { name: "Portfolio" }).waitFor();
    expect(page.url()).toBe(`${world.url}#/accounts`);
    expect(asked[0]?.get("code_challenge_method")).toBe("S256");
    expect(tokens[0]?.get("grant_type")).toBe("authorization_code");
    expect(tokens[0]?.get("code_verifier")).toMatch(/^[\w-]{64}$/);
    await page.reload();
    await page.getByRole("heading", { name: "Portfolio" }).waitFor();
    await page.context().close();
  });

  test.each([
    ["a state that is not ours", { state: "other" }, "does not belong to a sign-in started in this tab"],
    ["a token for another sign-in", { nonce: "other" }, "its nonce differs"],
    ["a code that is refused", { tokenStatus: 400 }, "code has expired"],
    ["a service that is down", { tokenStatus: 503 }, "could not be reached"],
  ])("says so at %s", async (_, bend, message) => {
    const { page } = await visit(bend);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText(message).waitFor();
    expect(new URL(page.url()).search).toBe("");
    expect(await page.evaluate(() => sessionStorage.getItem("copilot.tokens"))).toBeNull();
    await page.context().close();
  });

  test("a token that has run out is renewed once, and a refused renewal ends the session in words", async () => {
    const { page, tokens } = await visit();
    // Only then has the page read its storage: a token put there earlier would be renewed by this load too.
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await page.evaluate((stored) => sessionStorage.setItem("copilot.tokens", stored), JSON.stringify({ idToken: token({ exp: 1 }), refreshToken: "r-0" }));
    await page.reload();
    await page.getByRole("heading", { name: "Portfolio" }).waitFor();
    expect(tokens.map((form) => form.get("grant_type"))).toEqual(["refresh_token"]);
    await page.unroute("**/sign-in/oauth2/token");
    await page.route("**/sign-in/oauth2/token", (route) => route.fulfill({ status: 400, json: { error: "invalid_grant" } }));
    await page.evaluate((stored) => sessionStorage.setItem("copilot.tokens", stored), JSON.stringify({ idToken: token({ exp: 1 }), refreshToken: "r-0" }));
    await page.reload();
    await page.getByText("Your session has ended").waitFor();
    await page.context().close();
  });
});
