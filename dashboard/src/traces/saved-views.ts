// Views of the trace list that were given a name: the search of the URL, kept in this browser and shared as a link.
import { keepPreference, readPreference, usePreference } from "../shell/preference.js";

export type SavedView = { readonly name: string; readonly search: string };

const none: readonly SavedView[] = [];

export function readSavedViews(): readonly SavedView[] {
  return readPreference("views", none);
}

export function useSavedViews(): {
  readonly views: readonly SavedView[];
  readonly save: (view: SavedView) => void;
  readonly drop: (name: string) => void;
} {
  const [views] = usePreference("views", none);
  return {
    views,
    save: (view) => keepPreference("views", [...views.filter(({ name }) => name !== view.name), view]),
    drop: (name) =>
      keepPreference(
        "views",
        views.filter((view) => view.name !== name),
      ),
  };
}
