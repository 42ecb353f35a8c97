// Two texts as one, with what was taken away and what was added.
import { diffWordsWithSpace } from "diff";
import { useMemo } from "react";
import { formatBytes } from "../format/numbers.js";

/** Beyond that a diff takes long, and nobody reads it. */
const charactersMax = 60_000;

export function WordDiff({ before, after }: { readonly before: string; readonly after: string }) {
  const isCut = Math.max(before.length, after.length) > charactersMax;
  const changes = useMemo(
    () => diffWordsWithSpace(before.slice(0, charactersMax), after.slice(0, charactersMax)),
    [before, after],
  );
  if (before === after) return <p className="muted">Both answers are the same, word for word.</p>;
  return (
    <>
      {isCut ? <p className="notice">Comparing the first {formatBytes(charactersMax)} of each.</p> : null}
      <p className="said word-diff">
        {changes.map((change, index) => {
          if (change.added) return <ins key={index}>{change.value}</ins>;
          return change.removed ? <del key={index}>{change.value}</del> : change.value;
        })}
      </p>
    </>
  );
}
