import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi, problem } from "./fakeApi";
import { me } from "./fixtures/rest";
import { ago } from "./fixtures/seeded";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

const admin = () => {
  const api = new FakeApi();
  api.me = me({ role: "admin" });
  return api;
};
const sent = (api: FakeApi, method: string) => api.calls.filter((call) => call.method === method);

describe("webhooks", () => {
  test("added with its secret shown once, tested, sent again, turned off, given a new secret, deleted after a question", async () => {
    const api = admin();
    api.webhookLog = [{
      id: "evt_0190b7c2000080008000000000000001", type: "alert.opened", status: "failed", attempts: 8, last_status: 503,
      last_error: "the endpoint answered 503", next_try_at: null, created_at: ago(1), updated_at: ago(0),
    }];
    const { page } = await world.open("/settings", { api });
    await page.getByText("No webhook yet").waitFor();
    await page.getByRole("button", { name: "Add a webhook" }).click();
    await page.getByRole("textbox", { name: "Address" }).fill("https://example.com/hooks");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText("whsec_b25jZQ==").waitFor();
    expect(sent(api, "POST").map(({ body }) => body)).toMatchObject([{ url: "https://example.com/hooks", events: ["*"] }]);
    expect(sent(api, "POST")[0]?.headers["idempotency-key"]).toBeTruthy();
    await page.getByRole("button", { name: "I have kept it" }).click();
    await expect.poll(() => page.getByText("whsec_b25jZQ==").count()).toBe(0);

    const table = page.getByRole("region", { name: "Table of webhooks" });
    await table.getByText("https://example.com/hooks").waitFor();
    await table.getByRole("button", { name: "Test" }).click();
    await page.getByText("A test is on its way").waitFor();
    await table.getByRole("button", { name: "Log" }).click();
    await page.getByText("the endpoint answered 503").waitFor();
    await page.getByRole("button", { name: "Send again" }).click();
    await page.getByText("It is on its way again").waitFor();
    expect(sent(api, "POST").at(-1)?.path).toBe("/v1/webhooks/whk_0/deliveries/evt_0190b7c2000080008000000000000001/resend");
    await page.keyboard.press("Escape");

    await table.getByRole("button", { name: "Turn off" }).click();
    await table.getByRole("button", { name: "Turn on" }).waitFor();
    await table.getByRole("button", { name: "New secret" }).click();
    await page.getByRole("button", { name: "Make a new secret" }).click();
    await page.getByText("whsec_bmV3").waitFor();
    await page.getByRole("button", { name: "I have kept it" }).click();
    await table.getByRole("button", { name: "Delete" }).click();
    expect(sent(api, "DELETE")).toEqual([]);
    await page.getByRole("button", { name: "Delete the webhook" }).click();
    await page.getByText("No webhook yet").waitFor();
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("an address that is refused is said with the reason, and why one was turned off is shown", async () => {
    const api = admin();
    api.webhooks = [{
      id: "whk_9", url: "https://example.com/gone", events: ["alert.opened"], description: null, enabled: false,
      disabled_reason: "the endpoint answered 410 Gone", consecutive_failures: 0, previous_secret_until: null, created_at: ago(3),
      created_by: "admin@demo.example", etag: '"4"',
    }];
    api.override = ({ method, path }) =>
      method === "POST" && path === "/v1/webhooks" ? problem(422, "invalid_request", "The request does not fit", "url: the host must be on the public internet") : undefined;
    const { page } = await world.open("/settings", { api });
    await page.getByText("the endpoint answered 410 Gone").waitFor();
    await page.getByRole("button", { name: "Add a webhook" }).click();
    await page.getByRole("textbox", { name: "Address" }).fill("https://10.0.0.1/");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText("the host must be on the public internet").waitFor();
    await page.context().close();
  });

  test("who is no admin does not ask for them", async () => {
    const api = new FakeApi();
    api.me = me({ role: "lead" });
    const { page } = await world.open("/settings", { api });
    await page.getByText("Recent messages").waitFor();
    expect(api.calls.filter(({ path }) => path.startsWith("/v1/webhooks"))).toEqual([]);
    await page.context().close();
  });
});
