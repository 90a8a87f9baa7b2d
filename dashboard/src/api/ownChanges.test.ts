import { expect, test } from "vitest";
import { OwnChanges } from "./ownChanges";

interface Thing { id: string; etag: string; status: string }

/** A server that refuses a change of a version that is not its newest, and answers when it is told to. */
function server() {
  let newest: Thing = { id: "a", etag: "1", status: "open" };
  const answers: (() => void)[] = [];
  const change = (status: string) => async (now: Thing) => {
    await new Promise<void>((resolve) => { answers.push(resolve); });
    if (now.etag !== newest.etag) throw new Error(`412: seen ${now.etag}, is ${newest.etag}`);
    newest = { ...newest, etag: String(Number(newest.etag) + 1), status };
    return newest;
  };
  const answer = async () => {
    await expect.poll(() => answers.length).toBeGreaterThan(0);
    answers.shift()?.();
  };
  return { change, answer, elsewhere: () => { newest = { ...newest, etag: `${newest.etag}0` }; }, newest: () => newest };
}

const seen: Thing = { id: "a", etag: "1", status: "open" };

test("a change asked for before the last is answered waits for it and follows its version", async () => {
  const { change, answer, newest } = server();
  const own = new OwnChanges<Thing>();
  const both = Promise.all([own.send(seen, [change("acknowledged")]), own.send(seen, [change("open"), change("snoozed")])]);
  for (let sent = 0; sent < 3; sent += 1) await answer();
  expect((await both).map(({ etag, status }) => `${etag} ${status}`)).toEqual(["2 acknowledged", "4 snoozed"]);
  // The page may still show the first version when the answers are in.
  const late = own.send(seen, [change("dismissed")]);
  await answer();
  expect((await late).status).toBe("dismissed");
  expect(newest().etag).toBe("5");
});

test("somebody else's change still refuses one's own, and the next one that has seen it goes through", async () => {
  const { change, answer, elsewhere, newest } = server();
  const own = new OwnChanges<Thing>();
  elsewhere();
  const refused = own.send(seen, [change("acknowledged")]);
  const next = own.send(newest(), [change("snoozed")]);
  const said = expect(refused).rejects.toThrow("412: seen 1, is 10");
  await answer();
  await answer();
  await said;
  expect((await next).etag).toBe("11");
});
