// Keyboard shortcuts: single keys and two-key sequences, silent while somebody types, composes or sits in a dialog.
import { useEffect, useRef } from "react";

/** Key -> what to do; a sequence is written `g t`. */
export type Shortcuts = Readonly<Record<string, () => void>>;

const sequenceMs = 900;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable='true']");
}

function isBusy(): boolean {
  return document.querySelector("[role='dialog'], [role='menu']") !== null;
}

export function useShortcuts(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts);
  useEffect(() => {
    current.current = shortcuts;
  });
  useEffect(() => {
    let first = "";
    let firstAt = 0;
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing || event.altKey) return;
      const isCommand = event.ctrlKey || event.metaKey;
      const key = isCommand ? `mod+${event.key.toLowerCase()}` : event.key;
      if (!isCommand && (isTyping(event.target) || isBusy())) return;
      const sequence = performance.now() - firstAt < sequenceMs && first !== "" ? `${first} ${key}` : "";
      const act = current.current[sequence] ?? current.current[key];
      first = isCommand ? "" : key;
      firstAt = performance.now();
      if (act === undefined) return;
      event.preventDefault();
      first = "";
      act();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

/** What the sheet of shortcuts shows. */
export const shortcutList: readonly { readonly keys: string; readonly does: string }[] = [
  { keys: "j  k", does: "Next, previous row" },
  { keys: "Enter", does: "Open the row" },
  { keys: "Esc", does: "Close the panel" },
  { keys: "/", does: "Go to the filter" },
  { keys: "t", does: "Choose the time" },
  { keys: "r", does: "Refresh" },
  { keys: "l", does: "Live tail on, off" },
  { keys: ".", does: "Show new rows" },
  { keys: "c", does: "Copy as cURL" },
  { keys: "[  ]", does: "Collapse, expand all" },
  { keys: "d", does: "Light, dark" },
  { keys: "Ctrl K", does: "Go anywhere" },
  { keys: "g t", does: "Traces" },
  { keys: "g o", does: "Overview" },
  { keys: "g s", does: "Sessions" },
  { keys: "g p", does: "Playground" },
  { keys: "g k", does: "Keys and usage" },
  { keys: "?", does: "This list" },
];
