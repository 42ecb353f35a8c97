// Which columns are shown: those of the URL, else those that were chosen last in this browser, else the default.
import { useEffect, useMemo } from "react";
import { usePreference } from "../shell/preference.js";
import { useView } from "../shell/view.js";
import { type Column, printColumns, readColumns } from "./columns.js";

/** The default is no choice. */
const unchosen = "";

export type ChosenColumns = {
  readonly columns: readonly Column[];
  readonly showColumns: (chosen: readonly Column[]) => void;
};

export function useColumns(): ChosenColumns {
  const { search, change } = useView();
  const [kept, keep] = usePreference("columns", unchosen);
  const isUnsaid = search.cols === undefined && kept !== unchosen;
  // Into the URL, so that its link shows the same to somebody else.
  useEffect(() => {
    if (isUnsaid) change({ cols: kept }, { replace: true });
  }, [isUnsaid, kept, change]);
  const names = search.cols ?? kept;
  const columns = useMemo(() => readColumns(names), [names]);
  return {
    columns,
    showColumns: (chosen) => {
      const cols = printColumns(chosen);
      keep(cols ?? unchosen);
      change({ cols }, { replace: true });
    },
  };
}
