import { describe, expect, test } from "vitest";
import type { WhiteSpaceCell, WhiteSpacePage } from "~/api/types";
import { gridOf, readGrid, writeGrid } from "./view";

describe("the grid's address", () => {
  test("an empty address is the usual view, and so is what is not known", () => {
    expect(readGrid(new URLSearchParams(), "mine")).toEqual({ scope: "mine", product: undefined });
    expect(readGrid(new URLSearchParams("scope=theirs&product="), "all")).toEqual({ scope: "all", product: undefined });
    expect(writeGrid({ scope: "mine", product: undefined }, "mine").toString()).toBe("");
  });
  test("a view survives the way through the address", () => {
    const view = { scope: "all" as const, product: "Audit & log, 50 % off" };
    expect(readGrid(new URLSearchParams(writeGrid(view, "mine").toString()), "mine")).toEqual(view);
  });
});

const column = (name: string) => ({ name, owners: null, sold: true });
const page = (names: string[], rows: Record<string, WhiteSpaceCell[]>): WhiteSpacePage => ({
  columns: names.map(column), next: null,
  data: Object.entries(rows).map(([account, cells]) => ({ account, name: account, owner: null, owned: 0, cells })),
});

describe("one grid of several pages", () => {
  test("cells stand under their column where a page has others or another order", () => {
    const grid = gridOf([page(["A", "B"], { one: ["used", "fit"] }), page(["B", "C"], { two: ["owned", "untouched"] })]);
    expect(grid.columns.map(({ name }) => name)).toEqual(["A", "B", "C"]);
    expect(grid.rows.map(({ cells }) => cells)).toEqual([["used", "fit", undefined], [undefined, "owned", "untouched"]]);
  });
  test("an account that two pages have stands once, and no pages make an empty grid", () => {
    expect(gridOf([page(["A"], { one: ["used"] }), page(["A"], { one: ["used"], two: ["fit"] })]).rows.map(({ account }) => account)).toEqual(["one", "two"]);
    expect(gridOf([])).toEqual({ columns: [], rows: [] });
  });
});
