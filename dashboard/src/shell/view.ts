// The state of a page is its URL. This reads and writes it; nothing else holds what a reader has chosen to see.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

/** Everything that a URL of the dashboard may carry. All text, so that a link can be read and typed. */
export const searchNames = [
  "range",
  "from",
  "to",
  "q",
  "cols",
  "peek",
  "live",
  "tab",
  "by",
  "replay",
  "session",
] as const;
export type SearchName = (typeof searchNames)[number];
export type Search = { readonly [Name in SearchName]?: string | undefined };

/** Keeps the names that are known and drops what is empty. */
export function readSearch(raw: Readonly<Record<string, unknown>>): Search {
  const search: Partial<Record<SearchName, string>> = {};
  for (const name of searchNames) {
    const value = raw[name];
    if (typeof value === "string" && value !== "") search[name] = value;
  }
  return search;
}

/** The part that goes along from page to page: the time and the filter. */
export function carriedSearch({ range, from, to, q }: Search): Search {
  return readSearch({ range, from, to, q });
}

export function parseSearchText(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function printSearchText(search: Readonly<Record<string, unknown>>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (typeof value === "string" && value !== "") params.set(name, value);
  }
  // Colons, commas and slashes may stand in a query; the link stays readable.
  const text = params.toString().replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%2F", "/");
  return text === "" ? "" : `?${text}`;
}

export type View = {
  readonly search: Search;
  /** `replace` for what should not be a step of the back button. */
  readonly change: (patch: Search, how?: { readonly replace?: boolean }) => void;
};

export function useView(): View {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = useCallback<View["change"]>(
    (patch, how = {}) => {
      void navigate({
        to: ".",
        search: (before: Search) => readSearch({ ...before, ...patch }),
        replace: how.replace ?? false,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return { search, change };
}
