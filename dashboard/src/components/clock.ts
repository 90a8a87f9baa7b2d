import { createContext, useContext } from "react";

/** The instant that "ago" counts from: the wall clock, or the pinned date of a sandbox tenant. */
export const ClockContext = createContext<() => number>(Date.now);

export function useNow(): number {
  return useContext(ClockContext)();
}
