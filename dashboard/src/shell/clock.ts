// The zone that times are shown in, and the moment that relative ranges count from. The moment moves on a refresh only,
// so that a page shows one state of things and the cache can tell it from the next.
import { createContext, useContext, useMemo } from "react";
import type { Zone } from "../format/times.js";
import { type Range, resolveRange } from "../range/range.js";
import { usePreference } from "./preference.js";
import type { Search } from "./view.js";

export type Clock = { readonly asOfMs: number; readonly refresh: () => void };

export const ClockContext = createContext<Clock>({ asOfMs: 0, refresh: () => undefined });

export function useClock(): Clock {
  return useContext(ClockContext);
}

export function useZone(): readonly [Zone, (zone: Zone) => void] {
  return usePreference<Zone>("zone", "local");
}

/** The range that the URL means, as of the last refresh. */
export function useRange(search: Search): Range {
  const { asOfMs } = useClock();
  const [zone] = useZone();
  const { range, from, to } = search;
  return useMemo(() => resolveRange({ range, from, to }, asOfMs, zone), [range, from, to, asOfMs, zone]);
}
