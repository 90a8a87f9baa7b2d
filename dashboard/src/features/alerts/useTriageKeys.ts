import { useEffect, useLayoutEffect, useRef } from "react";

export interface TriageKeys {
  enabled: boolean;
  next: () => void;
  previous: () => void;
  acknowledge: () => void;
  snooze: () => void;
  dismiss: () => void;
  rate: () => void;
  reopen: () => void;
  account: () => void;
  assign: () => void;
  toggle: () => void;
  range: () => void;
  clear: () => void;
  help: () => void;
}

export const triageKeys: readonly { key: string; does: string; run: Exclude<keyof TriageKeys, "enabled"> }[] = [
  { key: "j", does: "Next alert", run: "next" },
  { key: "k", does: "Previous alert", run: "previous" },
  { key: "a", does: "Acknowledge", run: "acknowledge" },
  { key: "s", does: "Snooze", run: "snooze" },
  { key: "d", does: "Dismiss with a reason", run: "dismiss" },
  { key: "e", does: "Evaluate: go to the rating", run: "rate" },
  { key: "u", does: "Open again", run: "reopen" },
  { key: "o", does: "Open the account", run: "account" },
  { key: "i", does: "Assign to a person", run: "assign" },
  { key: "x", does: "Select or unselect: the keys above then act on all selected", run: "toggle" },
  { key: "X", does: "Select from the last one up to here (Shift and click, too)", run: "range" },
  { key: "Escape", does: "Unselect all", run: "clear" },
  { key: "?", does: "Show these keys", run: "help" },
];

/** Single keys for triage; quiet while the user types, chooses from a menu or holds a modifier. */
export function useTriageKeys(keys: TriageKeys): void {
  const latest = useRef(keys);
  // With the drawing itself: what is in sight and what the keys act on never differ.
  useLayoutEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (!latest.current.enabled || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLElement && event.target.closest("input:not([type=checkbox]), textarea, select, [role=menu], [role=dialog]")) return;
      const found = triageKeys.find(({ key }) => key === event.key);
      if (found === undefined) return;
      event.preventDefault();
      latest.current[found.run]();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}
