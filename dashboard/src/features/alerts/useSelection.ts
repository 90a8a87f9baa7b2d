import { useMemo, useState } from "react";
import type { Alert } from "~/api/types";

export interface Selection {
  chosen: readonly Alert[];
  has: (id: string) => boolean;
  /** Takes an alert in or out; with `range`, everything from the one chosen last up to it. */
  pick: (id: string, range: boolean) => void;
  keep: (ids: readonly string[]) => void;
}

/** The alerts chosen for a change of many, in the order of the list. What has left the list is not chosen any more. */
export function useSelection(rows: readonly Alert[]): Selection {
  const [state, setState] = useState<{ ids: ReadonlySet<string>; anchor?: string }>({ ids: new Set() });
  const chosen = useMemo(() => rows.filter(({ id }) => state.ids.has(id)), [rows, state]);

  // Two keys may come before the page is drawn anew: each starts from what the one before it left.
  const pick = (id: string, range: boolean) => setState(({ ids, anchor }) => {
    const from = rows.findIndex((row) => row.id === anchor);
    const to = rows.findIndex((row) => row.id === id);
    const next = new Set(ids);
    if (range && from >= 0 && to >= 0) {
      for (const row of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(row.id);
    } else if (!next.delete(id)) next.add(id);
    return { ids: next, anchor: id };
  });
  return { chosen, has: (id) => state.ids.has(id), pick, keep: (kept) => setState(({ anchor }) => ({ ids: new Set(kept), anchor })) };
}
