/** The grid's filters as they stand in the address, and the grid that its pages make. */
import type { ProductOwners, WhiteSpaceCell, WhiteSpacePage } from "~/api/types";
import { oneOf } from "~/lib/decode";

type Scope = "mine" | "all";

export interface GridView {
  scope: Scope;
  /** Only accounts that this product fits. */
  product: string | undefined;
}

export function readGrid(params: URLSearchParams, usualScope: Scope): GridView {
  return {
    scope: oneOf(["mine", "all"] as const, params.get("scope")) ?? usualScope,
    product: params.get("product") || undefined,
  };
}

export function writeGrid({ scope, product }: GridView, usualScope: Scope): URLSearchParams {
  const params = new URLSearchParams();
  if (scope !== usualScope) params.set("scope", scope);
  if (product !== undefined) params.set("product", product);
  return params;
}

export interface GridRow {
  account: string;
  name: string;
  owner: string | null;
  owned: number;
  /** By the grid's columns; nothing where the row's page did not have the column. */
  cells: readonly (WhiteSpaceCell | undefined)[];
}

export interface Grid {
  columns: readonly ProductOwners[];
  rows: readonly GridRow[];
}

/** One grid of several pages: before anything was learnt, each page has the columns of its own accounts. */
export function gridOf(pages: readonly WhiteSpacePage[]): Grid {
  const columns = new Map<string, ProductOwners>();
  const rows = new Map<string, GridRow>();
  for (const column of pages.flatMap((page) => page.columns)) if (!columns.has(column.name)) columns.set(column.name, column);
  for (const page of pages) {
    const places = new Map(page.columns.map(({ name }, place) => [name, place]));
    for (const row of page.data) {
      const cells = [...columns.keys()].map((name) => row.cells[places.get(name) ?? -1]);
      // An account that moved between two pages while they were read stands once.
      if (!rows.has(row.account)) rows.set(row.account, { ...row, cells });
    }
  }
  return { columns: [...columns.values()], rows: [...rows.values()] };
}
