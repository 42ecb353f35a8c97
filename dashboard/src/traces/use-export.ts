// An export under way: it is written to a file as it comes, can be stopped, and says when it may not be all there is.
import { useRef, useState } from "react";
import { pathWith, type QueryValue, send } from "../api/ask.js";
import { describeFailure } from "../parts/states.js";
import { choosePlace } from "./save-file.js";

const exportPath = "/v1/traces/export";

/** Rows that the page takes into its memory where the browser cannot write a file while it comes. */
export const gatheredRowsMax = 100_000;

const tellEveryMs = 200;
const lineFeed = 0x0a;

export type ExportState =
  | { readonly kind: "idle" }
  | { readonly kind: "running"; readonly bytes: number }
  /** There may be more than the file holds. */
  | { readonly kind: "cut"; readonly curl: string }
  | { readonly kind: "failed"; readonly says: string };

export type Exporting = {
  readonly state: ExportState;
  readonly start: (query: Readonly<Record<string, QueryValue>>, name: string) => void;
  readonly stop: () => void;
  readonly forget: () => void;
};

/** The same export in a shell, whole. The key is named, never written out. */
export function exportCurl(query: Readonly<Record<string, QueryValue>>, name: string): string {
  return `curl -fH "Authorization: Bearer $LOOM_API_KEY" -o ${name} '${location.origin}${pathWith(exportPath, query)}'`;
}

/** Counts what passes: bytes, and line ends, of which a row has one at least. */
function meter(tell: (bytes: number) => void) {
  const seen = { bytes: 0, lines: 0, toldAtMs: 0 };
  const through = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(bytes, controller) {
      seen.bytes += bytes.byteLength;
      for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) seen.lines += 1;
      if (performance.now() - seen.toldAtMs > tellEveryMs) {
        seen.toldAtMs = performance.now();
        tell(seen.bytes);
      }
      controller.enqueue(bytes);
    },
  });
  return { seen, through };
}

export function useExport(): Exporting {
  const [state, setState] = useState<ExportState>({ kind: "idle" });
  const under = useRef<AbortController | null>(null);
  const run = async (query: Readonly<Record<string, QueryValue>>, name: string): Promise<ExportState> => {
    const place = await choosePlace(name);
    if (place === null) return { kind: "idle" };
    const stopping = new AbortController();
    under.current = stopping;
    setState({ kind: "running", bytes: 0 });
    const { signal } = stopping;
    try {
      const limit = place.kind === "gathered" ? gatheredRowsMax : null;
      const { body } = await send(exportPath, { query: { ...query, limit }, signal });
      const { seen, through } = meter((bytes) => setState({ kind: "running", bytes }));
      // A fault or a stop takes away what was written: a part must not look like the whole.
      await body?.pipeThrough(through).pipeTo(place.sink, { signal });
      place.finish();
      const heads = query["format"] === "csv" ? 1 : 0;
      const isCut = limit !== null && seen.lines - heads >= limit;
      return isCut ? { kind: "cut", curl: exportCurl(query, name) } : { kind: "idle" };
    } catch (error) {
      await place.sink.abort().catch(() => undefined);
      if (signal.aborted) return { kind: "idle" };
      throw error;
    }
  };
  return {
    state,
    start: (query, name) => {
      run(query, name).then(setState, (error: unknown) => setState({ kind: "failed", says: describeFailure(error) }));
    },
    stop: () => under.current?.abort(),
    forget: () => setState({ kind: "idle" }),
  };
}
