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
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [anchor, setAnchor] = useState<string>();
  const chosen = useMemo(() => rows.filter(({ id }) => ids.has(id)), [rows, ids]);

  const pick = (id: string, range: boolean) => {
    const from = rows.findIndex((row) => row.id === anchor);
    const to = rows.findIndex((row) => row.id === id);
    const next = new Set(ids);
    if (range && from >= 0 && to >= 0) {
      for (const row of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(row.id);
    } else if (!next.delete(id)) next.add(id);
    setIds(next);
    setAnchor(id);
  };
  return { chosen, has: (id) => ids.has(id), pick, keep: (kept) => setIds(new Set(kept)) };
}
