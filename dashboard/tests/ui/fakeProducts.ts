/** Answers what is asked about products. */
import type { AccountProducts, ProductsView, WhiteSpacePage } from "~/api/types";
import { type Answer, ok, problem } from "./answers";
import { accountProducts, gridRow, learntProducts, productNames } from "./fixtures/products";
import { ago } from "./fixtures/seeded";

export class FakeProducts {
  account: AccountProducts = accountProducts();
  view: ProductsView = learntProducts();
  /** Accounts in the grid. */
  accounts = 60;
  /** Whether any bill names a product. */
  known = true;

  answer(method: string, doing: string, query: URLSearchParams, seen: string | undefined): Answer {
    if (doing === "white-space") return this.#grid(query);
    if (method === "GET") return ok(this.view);
    if (doing === "runs") {
      this.view.last_run = { id: "products-2-x", status: "running", asked_at: ago(0), asked_by: "admin@demo.example", finished_at: null, verdict: "reads what accounts bought", accounts: 300, accounts_done: 120, figures: null, version: null };
      return ok(this.view.last_run, 202);
    }
    if (seen !== this.view.etag) return problem(412, "etag_mismatch", "It has changed", "Read it again.");
    return ok(Object.assign(this.view, { own: null, can_go_back: false, products: [], etag: '"products-2"' }));
  }

  #grid(query: URLSearchParams): Answer {
    const product = query.get("product");
    const mine = query.has("filter[owner][eq]");
    const column = productNames.findIndex(({ name }) => name === product);
    if (product !== null && this.view.own === null) return problem(404, "not_found", "There is no such thing", "product that anything was learnt of");
    let rows = Array.from({ length: this.accounts }, (_, index) => gridRow(index));
    if (mine) rows = rows.filter(({ owner }) => owner === "csm@demo.example");
    const columns = this.known ? productNames.map((row) => (this.view.own === null ? { ...row, owners: null, sold: true } : row)) : [];
    if (!this.known) rows = rows.map((row) => ({ ...row, owned: 0, cells: [] }));
    if (product === null) {
      const from = Number(query.get("cursor") ?? 0);
      const end = from + 25;
      return ok(page(columns, rows.slice(from, end), end < rows.length ? String(end) : null));
    }
    rows = rows.filter(({ cells }) => cells[column] === "fit").slice(0, Number(query.get("limit") ?? 25));
    const order = [column, ...columns.map((_, place) => place).filter((place) => place !== column)];
    const leading = <T>(row: readonly T[]) => order.flatMap((place) => row[place] ?? []);
    return ok(page(column < 0 ? columns : leading(columns), column < 0 ? [] : rows.map((row) => ({ ...row, cells: leading(row.cells) })), null));
  }
}

const page = (columns: WhiteSpacePage["columns"], data: WhiteSpacePage["data"], next: string | null): WhiteSpacePage => ({ columns, data, next });
