// The virtualised table of traces: only the rows in sight are in the page, each of them a real link.
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type MouseEvent, memo, type RefObject, useCallback, useEffect, useImperativeHandle, useRef } from "react";
import type { Trace } from "../api/schema.js";
import { formatTime, type Zone } from "../format/times.js";
import { useZone } from "../shell/clock.js";
import type { Column } from "./columns.js";
import { GridHead, useColumnWidths } from "./grid-head.js";
import "./trace-grid.css";

const rowPx = 34;
const overscanRows = 12;

export type GridHandle = { readonly showRow: (index: number) => void; readonly toTop: () => void };

export type TraceGridProps = {
  readonly rows: readonly Trace[];
  readonly columns: readonly Column[];
  readonly chosenId: string | undefined;
  readonly hasMore: boolean;
  readonly isFetchingMore: boolean;
  readonly searchedToMs: number | null;
  readonly onMore: () => void;
  readonly onOpen: (trace: Trace) => void;
  readonly onColumns: (columns: readonly Column[]) => void;
  readonly onScroll: (isAtTop: boolean) => void;
  readonly handle: RefObject<GridHandle | null>;
};

export function TraceGrid(props: TraceGridProps) {
  const { rows, columns, hasMore, isFetchingMore, onMore, handle } = props;
  const [zone] = useZone();
  const scroller = useRef<HTMLDivElement>(null);
  const { widths, setWidth } = useColumnWidths();
  const template = columns.map((column) => columnTrack(column, widths[column.id])).join(" ");
  const getItemKey = useCallback((index: number) => rows[index]?.id ?? index, [rows]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize,
    overscan: overscanRows,
    getItemKey,
  });
  useImperativeHandle(handle, () => ({
    showRow: (index) => virtual.scrollToIndex(index, { align: "auto" }),
    toTop: () => scroller.current?.scrollTo({ top: 0 }),
  }));
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (hasMore && !isFetchingMore && last >= rows.length - overscanRows - 1) onMore();
  }, [hasMore, isFetchingMore, last, rows.length, onMore]);
  return (
    <div
      ref={scroller}
      className="grid-scroller"
      onScroll={(event) => props.onScroll(event.currentTarget.scrollTop < rowPx)}
    >
      <div className="grid" role="grid" aria-label="Traces" aria-rowcount={-1} aria-colcount={columns.length}>
        <GridHead
          columns={columns}
          template={template}
          widths={widths}
          onWidth={setWidth}
          onColumns={props.onColumns}
        />
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => {
            const trace = rows[item.index];
            if (trace === undefined) return null;
            return (
              <GridRow
                key={item.key}
                trace={trace}
                index={item.index}
                top={item.start}
                template={template}
                columns={columns}
                zone={zone}
                isChosen={trace.id === props.chosenId}
                onOpen={props.onOpen}
              />
            );
          })}
        </div>
      </div>
      <GridEnd {...props} zone={zone} />
    </div>
  );
}

/** The model takes what is left, until somebody gives it a width. */
function columnTrack(column: Column, widthPx: number | undefined): string {
  if (widthPx !== undefined) return `${widthPx}px`;
  return column.id === "model" ? `minmax(${column.widthPx}px, 1fr)` : `${column.widthPx}px`;
}

const estimateSize = (): number => rowPx;

type GridRowProps = {
  readonly trace: Trace;
  readonly index: number;
  readonly top: number;
  readonly template: string;
  readonly columns: readonly Column[];
  readonly zone: Zone;
  readonly isChosen: boolean;
  readonly onOpen: (trace: Trace) => void;
};

const GridRow = memo(function GridRow(props: GridRowProps) {
  const { trace, index, top, template, columns, zone, isChosen, onOpen } = props;
  const onClick = (event: MouseEvent): void => {
    // With a modifier it is an ordinary link, to a new tab or window.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    onOpen(trace);
  };
  return (
    <div
      className="grid-row"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isChosen}
      data-outcome={trace.outcome}
      style={{ transform: `translateY(${top}px)`, gridTemplateColumns: template }}
    >
      {columns.map((column, at) => (
        <div key={column.id} role="gridcell" className={column.isNumber === true ? "cell number right" : "cell"}>
          {at === 0 ? (
            <Link
              to="/traces/$id"
              params={{ id: trace.id }}
              className="row-link"
              onClickCapture={onClick}
              preload={false}
            >
              {column.show(trace, zone)}
              <span className="unseen">
                , {trace.model ?? "no model"}, {trace.outcome}
              </span>
            </Link>
          ) : (
            column.show(trace, zone)
          )}
        </div>
      ))}
    </div>
  );
});

function GridEnd({ rows, hasMore, isFetchingMore, searchedToMs, zone }: TraceGridProps & { readonly zone: Zone }) {
  if (isFetchingMore || hasMore) {
    const where = searchedToMs === null ? "" : `, looked back to ${formatTime(searchedToMs, zone)}`;
    return (
      <p className="grid-end">
        {rows.length === 0 ? "Looking" : "More"} …{where}
      </p>
    );
  }
  return rows.length === 0 ? null : <p className="grid-end">The begin of this time. {rows.length} traces.</p>;
}
