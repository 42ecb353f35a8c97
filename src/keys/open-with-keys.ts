// Opening what may have been sealed under a master key that was made a moment ago, by somebody else.
import type { KeyWatch } from "./key-watch.js";

/** Calls `open` once more with keys that are newer than those it failed with, if there are any. Rejects as `open` does. */
export async function openWithKeys<Opened>(
  watch: Pick<KeyWatch, "keys" | "refresh">,
  open: (masterKeys: string) => Promise<Opened>,
): Promise<Opened> {
  const used = watch.keys;
  try {
    return await open(used.reveal());
  } catch (error) {
    await watch.refresh();
    // Somebody else may have found the newer keys while this call was under way: what counts is what it was made with.
    if (watch.keys === used) throw error;
    return open(watch.keys.reveal());
  }
}
