// A JSON text in lines that fold, with search; only the lines in sight are in the page.
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { formatBytes, formatCount } from "../format/numbers.js";
import { Waiting } from "../parts/states.js";
import { useShortcuts } from "../shell/shortcuts.js";
import { type JsonLayout, type JsonLine, layOutJson, visibleLines } from "./json-lines.js";
import "./json-view.css";

const inlineCharacters = 100_000;
const linePx = 20;
const stringShown = 600;

/** Small texts at once, large ones in a worker. */
function useLayout(text: string): JsonLayout | null {
  const inline = useMemo(() => (text.length <= inlineCharacters ? layOutJson(text) : null), [text]);
  const [laidOut, setLaidOut] = useState<{ text: string; layout: JsonLayout } | null>(null);
  useEffect(() => {
    if (text.length <= inlineCharacters) return;
    const worker = new Worker(new URL("./json-worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<JsonLayout>) => setLaidOut({ text, layout: event.data });
    worker.postMessage(text);
    return () => worker.terminate();
  }, [text]);
  return inline ?? (laidOut?.text === text ? laidOut.layout : null);
}

export function JsonView({ text, name }: { readonly text: string; readonly name: string }) {
  const layout = useLayout(text);
  if (layout === null) return <Waiting label="Laying out" />;
  if (layout.kind === "lines") return <JsonLines lines={layout.lines} name={name} />;
  return (
    <>
      {layout.kind === "too-large" ? (
        <p className="notice" data-tone="warn">
          Showing the first {formatBytes(layout.text.length)} of {formatBytes(layout.characters)}; the file has it
          whole.
        </p>
      ) : null}
      <pre className="code-block raw-text" tabIndex={0} aria-label={name}>
        {layout.text}
      </pre>
    </>
  );
}

function JsonLines({ lines, name }: { readonly lines: readonly JsonLine[]; readonly name: string }) {
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const [wanted, setWanted] = useState("");
  const scroller = useRef<HTMLDivElement>(null);
  const visible = useMemo(() => visibleLines(lines, folded), [lines, folded]);
  const needle = wanted.trim().toLowerCase();
  const hits = useMemo(() => findLines(lines, needle), [lines, needle]);
  const virtual = useVirtualizer({
    count: visible.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => linePx,
    overscan: 20,
  });
  useShortcuts({
    "[": () => setFolded(new Set(lines.flatMap((line, at) => (line.kind === "open" && line.depth > 0 ? [at] : [])))),
    "]": () => setFolded(new Set()),
  });
  useEffect(() => {
    const first = hits[0];
    if (first === undefined) return;
    setFolded(new Set());
    virtual.scrollToIndex(first, { align: "center" });
  }, [hits, virtual]);
  const toggle = (at: number): void => {
    const next = new Set(folded);
    if (!next.delete(at)) next.add(at);
    setFolded(next);
  };
  return (
    <div className="json">
      <div className="row json-bar">
        <input
          className="field"
          type="search"
          placeholder="Search"
          aria-label={`Search in the ${name}`}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
        <span className="muted number" aria-live="polite">
          {needle === "" ? `${formatCount(lines.length)} lines` : `${formatCount(hits.length)} found`}
        </span>
      </div>
      <div ref={scroller} className="json-scroller" tabIndex={0} role="region" aria-label={name}>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const at = visible[item.index] ?? 0;
            const line = lines[at];
            if (line === undefined) return null;
            return (
              <div
                key={item.key}
                className="json-line"
                style={{ transform: `translateY(${item.start}px)`, paddingLeft: 20 + line.depth * 16 }}
              >
                <LineView
                  line={line}
                  isFolded={folded.has(at)}
                  isHit={needle !== "" && hits.includes(at)}
                  onToggle={() => toggle(at)}
                />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function findLines(lines: readonly JsonLine[], needle: string): readonly number[] {
  if (needle === "") return [];
  return lines.flatMap((line, at) => (`${line.key ?? ""} ${line.text}`.toLowerCase().includes(needle) ? [at] : []));
}

type LineViewProps = {
  readonly line: JsonLine;
  readonly isFolded: boolean;
  readonly isHit: boolean;
  readonly onToggle: () => void;
};

function LineView({ line, isFolded, isHit, onToggle }: LineViewProps) {
  const key = line.key === null ? null : <span className="json-key">{JSON.stringify(line.key)}: </span>;
  if (line.kind === "open") {
    return (
      <>
        <button
          type="button"
          className="json-fold"
          aria-expanded={!isFolded}
          aria-label={`Fold ${line.key ?? "this"}`}
          onClick={onToggle}
        >
          {isFolded ? <ChevronRight size={13} /> : <ChevronDown size={13} />}
        </button>
        {key}
        {line.text}
        {isFolded ? (
          <span className="faint">
            {" "}
            {line.entries} … {line.text === "[" ? "]" : "}"}
          </span>
        ) : null}
      </>
    );
  }
  const text = line.kind === "string" ? JSON.stringify(line.text) : line.text;
  const isLong = text.length > stringShown;
  return (
    <span data-hit={isHit ? "" : undefined}>
      {key}
      <span className={`json-${line.kind}`}>{isLong ? text.slice(0, stringShown) : text}</span>
      {isLong ? <span className="faint"> … {formatBytes(text.length)}</span> : null}
    </span>
  );
}
