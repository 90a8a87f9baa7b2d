import { describe, expect, test } from "vitest";
import { Aim, type Drawn, stepOf } from "./aim";

const start: Drawn = { key: "start", step: undefined };
const drawn = (state: { step: number }): Drawn => ({ key: `step ${state.step}`, step: stepOf(state) });

describe("what a key means", () => {
  test("what is in sight, before any step and after the last is drawn", () => {
    const aim = new Aim<string>();
    expect(aim.current(start, "first")).toBe("first");
    const there = aim.step(start, "second");
    expect(aim.current(start, "first")).toBe("second");
    expect(aim.current(drawn(there), "second")).toBe("second");
    expect(aim.current(drawn(there), "changed meanwhile")).toBe("changed meanwhile");
  });

  test("a step back that is taken before the step forth is drawn holds while that one is drawn", () => {
    const aim = new Aim<string>();
    const forth = aim.step(start, "second");
    const back = aim.step(start, "first");
    expect(aim.current(start, "first")).toBe("first");
    expect(aim.current(drawn(forth), "second")).toBe("first");
    expect(aim.current(drawn(back), "first")).toBe("first");
    const on = aim.step(drawn(forth), "third");
    expect(aim.current(drawn(back), "first")).toBe("third");
    expect(aim.current(drawn(on), "third")).toBe("third");
  });

  test("another place that is drawn ends it", () => {
    const aim = new Aim<string>();
    aim.step(start, "second");
    expect(aim.current({ key: "a link", step: undefined }, "linked")).toBe("linked");
    // The page was loaded anew: its place still carries a step of before.
    const reloaded = { key: "reloaded", step: 7 };
    const anew = new Aim<string>();
    expect(anew.current(reloaded, "shown")).toBe("shown");
    const again: Drawn = { key: "come back to", step: 1 };
    const next = anew.step(again, "stepped to");
    expect(next).toEqual({ step: 1 });
    expect(anew.current(again, "shown")).toBe("stepped to");
    expect(anew.current(drawn(next), "stepped to")).toBe("stepped to");
  });

  test("a place's state without a step has none", () => {
    expect([null, undefined, {}, { step: "1" }, 3].map(stepOf)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });
});
