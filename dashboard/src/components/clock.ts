import { createContext, useContext } from "react";

/** The instant that "ago" counts from: the wall clock, or the pinned date of a sandbox tenant. */
export const ClockContext = createContext<() => number>(Date.now);

/** The wall clock, for what the product itself did. */
const WallClockContext = createContext<() => number>(Date.now);

export function useWallClock(): number {
  return useContext(WallClockContext)();
}

export function useNow(): number {
  return useContext(ClockContext)();
}
