// What this browser remembers of its reader: theme, zone, columns, widths, views. Kept as JSON in localStorage.
import { useMemo, useSyncExternalStore } from "react";

const changed = "loom:preference";

export function readPreference<T>(name: string, fallback: T): T {
  try {
    const text = localStorage.getItem(`loom.${name}`);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    // Written by hand or by another version.
    return fallback;
  }
}

export function keepPreference(name: string, value: unknown): void {
  localStorage.setItem(`loom.${name}`, JSON.stringify(value));
  dispatchEvent(new Event(changed));
}

function subscribe(onChange: () => void): () => void {
  addEventListener(changed, onChange);
  addEventListener("storage", onChange);
  return () => {
    removeEventListener(changed, onChange);
    removeEventListener("storage", onChange);
  };
}

/** `fallback` must be the same value at every call. */
export function usePreference<T>(name: string, fallback: T): readonly [T, (value: T) => void] {
  const text = useSyncExternalStore(subscribe, () => localStorage.getItem(`loom.${name}`));
  // The text is what changes; reading it again is what the memo is for.
  const value = useMemo(() => (text === null ? fallback : readPreference(name, fallback)), [text, name, fallback]);
  return [value, (next) => keepPreference(name, next)];
}
