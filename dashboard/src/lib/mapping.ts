/** Which column of a CSV file feeds which field. */

interface FieldLike {
  name: string;
  required: boolean;
}
interface ColumnLike {
  name: string;
  suggested_field: string | null;
}

export type Mapping = Record<string, string | null>;

/** The suggestions, each field at most once: the first column that asks for it gets it. */
export function suggested(columns: readonly ColumnLike[]): Mapping {
  const taken = new Set<string>();
  const mapping: Mapping = {};
  for (const { name, suggested_field: field } of columns) {
    const free = field !== null && !taken.has(field);
    if (free) taken.add(field);
    mapping[name] = free ? field : null;
  }
  return mapping;
}

/** The mapping of an earlier run, as the API gives it back. */
export function chosenBefore(mapping: Record<string, unknown>): Mapping {
  return Object.fromEntries(Object.entries(mapping).map(([column, field]) => [column, typeof field === "string" ? field : null]));
}

export interface MappingProblems {
  missing: string[];
  doubled: string[];
}

export function problemsOf(mapping: Mapping, fields: readonly FieldLike[]): MappingProblems {
  const used = Object.values(mapping).filter((field) => field !== null);
  return {
    missing: fields.filter(({ name, required }) => required && !used.includes(name)).map(({ name }) => name),
    doubled: [...new Set(used.filter((field, index) => used.indexOf(field) !== index))],
  };
}

interface ImportLike {
  status: string;
  dry_run: boolean;
  mapping: Record<string, unknown>;
}

export const STEPS = ["upload", "map", "check", "commit"] as const;
export type StepName = (typeof STEPS)[number];

/** Where in the wizard an import stands. */
export function stepOf({ status, dry_run: dryRun, mapping }: ImportLike): StepName {
  if (status === "awaiting_upload") return "upload";
  if (status === "uploaded" || Object.keys(mapping).length === 0) return "map";
  return dryRun ? "check" : "commit";
}

export function isMoving(status: string): boolean {
  return status === "queued" || status === "running";
}
