// The client key in this browser: kept until it is forgotten, sent as `Authorization` and nowhere else.
import { useSyncExternalStore } from "react";

const slot = "loom.key";
const changed = "loom:key";

export function readKey(): string | null {
  return localStorage.getItem(slot);
}

export function keepKey(key: string): void {
  localStorage.setItem(slot, key);
  dispatchEvent(new Event(changed));
}

export function forgetKey(): void {
  localStorage.removeItem(slot);
  // What this window remembers of its traces goes along; themes, columns and views stay.
  sessionStorage.clear();
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

export function useKey(): string | null {
  return useSyncExternalStore(subscribe, readKey);
}
