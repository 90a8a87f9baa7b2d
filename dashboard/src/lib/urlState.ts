/** The portfolio's view as it stands in the address: short, readable, and forgiving about what it does not know. */
import { oneOf } from "./decode";
import { BANDS } from "./vocabulary";

export const SORTS = ["priority", "name", "score", "arr", "renewal"] as const;
export type SortField = (typeof SORTS)[number];

export const COLUMNS = [
  "score", "spark", "delta", "coverage", "risk", "arr", "renewal", "stage", "touch", "owner", "last_touch", "pulse",
  "alerts", "reason", "segment", "mrr", "domain",
] as const;
export type ColumnId = (typeof COLUMNS)[number];
export const DEFAULT_COLUMNS: readonly ColumnId[] = [
  "score", "spark", "coverage", "risk", "arr", "renewal", "stage", "owner", "last_touch", "pulse", "alerts", "reason",
];

export interface PortfolioView {
  sort: SortField;
  descending: boolean;
  band: (typeof BANDS)[number] | undefined;
  owner: string | undefined;
  stage: string | undefined;
  touch: string | undefined;
  name: string | undefined;
  arrMin: number | undefined;
  columns: readonly ColumnId[];
}

/** Which way a column is read first: the most pressing on top. */
export const firstDescending: Record<SortField, boolean> = {
  priority: true, name: false, score: false, arr: true, renewal: false,
};

const given = (params: URLSearchParams, key: string) => params.get(key)?.trim() || undefined;

export function readView(params: URLSearchParams): PortfolioView {
  const sort = params.get("sort") ?? "-priority";
  const field = oneOf(SORTS, sort.replace(/^-/, ""));
  const chosen = params.get("cols")?.split(",").map((id) => oneOf(COLUMNS, id)).filter((id) => id !== undefined);
  const arrMin = Number(params.get("arr"));
  return {
    sort: field ?? "priority",
    descending: field === undefined ? true : sort.startsWith("-"),
    band: oneOf(BANDS, params.get("band")),
    owner: given(params, "owner"),
    stage: given(params, "stage"),
    touch: given(params, "touch"),
    name: given(params, "q"),
    arrMin: Number.isFinite(arrMin) && arrMin > 0 ? arrMin : undefined,
    columns: chosen === undefined || chosen.length === 0 ? DEFAULT_COLUMNS : chosen,
  };
}

/** The address of a view; what is as by default is left out. */
export function writeView(view: PortfolioView): URLSearchParams {
  const params = new URLSearchParams();
  const set = (key: string, value: string | number | undefined) => {
    if (value !== undefined && value !== "") params.set(key, String(value));
  };
  const sort = `${view.descending ? "-" : ""}${view.sort}`;
  set("sort", sort === "-priority" ? undefined : sort);
  set("band", view.band);
  set("owner", view.owner);
  set("stage", view.stage);
  set("touch", view.touch);
  set("q", view.name);
  set("arr", view.arrMin);
  const usual = view.columns.length === DEFAULT_COLUMNS.length && view.columns.every((id, i) => id === DEFAULT_COLUMNS[i]);
  set("cols", usual ? undefined : view.columns.join(","));
  return params;
}

/** The view as the query of the API. */
export function queryOf(view: PortfolioView) {
  return {
    sort: `${view.descending ? "-" : ""}${view.sort}`,
    limit: 500,
    ...(view.band === undefined ? {} : { "filter[band][eq]": view.band }),
    ...(view.owner === undefined ? {} : { "filter[owner][eq]": view.owner }),
    ...(view.stage === undefined ? {} : { "filter[stage][eq]": view.stage }),
    ...(view.touch === undefined ? {} : { "filter[touch][eq]": view.touch }),
    ...(view.name === undefined ? {} : { "filter[name][prefix]": view.name }),
    ...(view.arrMin === undefined ? {} : { "filter[arr_minor][gte]": Math.round(view.arrMin * 100) }),
  };
}

export function filtersIn(view: PortfolioView): number {
  return [view.band, view.owner, view.stage, view.touch, view.name, view.arrMin].filter((v) => v !== undefined).length;
}
