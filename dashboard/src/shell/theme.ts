// Light, dark, or as the system has it: one attribute on the page, which every style and chart reads.
import { useEffect, useSyncExternalStore } from "react";
import { readPreference, usePreference } from "./preference.js";

export type ThemeChoice = "system" | "light" | "dark";
export type Theme = "light" | "dark";

const darkSystem = "(prefers-color-scheme: dark)";

function resolveTheme(choice: ThemeChoice, systemIsDark: boolean): Theme {
  if (choice === "system") return systemIsDark ? "dark" : "light";
  return choice;
}

function subscribeSystem(onChange: () => void): () => void {
  const query = matchMedia(darkSystem);
  query.addEventListener("change", onChange);
  return () => query.removeEventListener("change", onChange);
}

export function useTheme(): {
  readonly choice: ThemeChoice;
  readonly theme: Theme;
  readonly choose: (choice: ThemeChoice) => void;
} {
  const [choice, choose] = usePreference<ThemeChoice>("theme", "system");
  const systemIsDark = useSyncExternalStore(subscribeSystem, () => matchMedia(darkSystem).matches);
  const theme = resolveTheme(choice, systemIsDark);
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  return { choice, theme, choose };
}

/** Before the first paint. */
export function applyTheme(): void {
  const choice = readPreference<ThemeChoice>("theme", "system");
  document.documentElement.dataset["theme"] = resolveTheme(choice, matchMedia(darkSystem).matches);
}
