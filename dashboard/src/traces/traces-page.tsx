// The page of traces: filter, volume, facets, table and panel, all of one URL.
import { useNavigate } from "@tanstack/react-router";
import { PanelLeft, Radio } from "lucide-react";
import { type ReactNode, type RefObject, useCallback, useMemo, useRef, useState } from "react";
import type { Scope } from "../api/queries.js";
import type { Trace } from "../api/schema.js";
import { FilterBox } from "../filter/filter-box.js";
import { formatClock, formatShort, type Zone } from "../format/times.js";
import { Button } from "../parts/button.js";
import { Failure, Waiting } from "../parts/states.js";
import { RangePicker, ZoomOutButton } from "../range/range-picker.js";
import { useRange, useZone } from "../shell/clock.js";
import { PageHead, RefreshButton } from "../shell/page-head.js";
import { usePreference } from "../shell/preference.js";
import { useShortcuts } from "../shell/shortcuts.js";
import { useView } from "../shell/view.js";
import { useColumns } from "./chosen-columns.js";
import { ExportMenu } from "./export-menu.js";
import { FacetList } from "./facet-list.js";
import { ColumnMenu, ViewMenu } from "./list-menus.js";
import { NoTraces } from "./no-traces.js";
import { PeekPanel } from "./peek-panel.js";
import { type GridHandle, TraceGrid } from "./trace-grid.js";
import { type TraceListing, useTraceList } from "./use-trace-list.js";
import { VolumeStrip } from "./volume-strip.js";
import "./traces-page.css";

export function TracesPage() {
  const { search, change } = useView();
  const range = useRange(search);
  const q = search.q ?? "";
  const scope: Scope = useMemo(() => ({ range, q }), [range, q]);
  const isLive = search.live === "1";
  const [hasFacets, setHasFacets] = usePreference("facets", true);
  return (
    <>
      <PageHead title="Traces">
        <Button aria-pressed={isLive} title="Live tail (l)" onClick={() => change({ live: isLive ? undefined : "1" })}>
          <Radio size={14} />
          Live
        </Button>
        <ZoomOutButton />
        <RangePicker />
        <RefreshButton />
      </PageHead>
      <TraceBrowser
        scope={scope}
        isLive={isLive}
        hasFacets={hasFacets}
        facetButton={
          <Button
            label={hasFacets ? "Hide the facets" : "Show the facets"}
            aria-pressed={hasFacets}
            onClick={() => setHasFacets(!hasFacets)}
          >
            <PanelLeft size={14} />
          </Button>
        }
      />
    </>
  );
}

type TraceBrowserProps = {
  readonly scope: Scope;
  readonly isLive: boolean;
  readonly hasFacets: boolean;
  readonly facetButton: ReactNode;
};

function TraceBrowser({ scope, isLive, hasFacets, facetButton }: TraceBrowserProps) {
  const { search, change } = useView();
  const [isAtTop, setIsAtTop] = useState(true);
  const list = useTraceList(scope, isLive, !isAtTop || search.peek !== undefined);
  const { columns, showColumns } = useColumns();
  const grid = useRef<GridHandle>(null);
  const { open, step, canStep } = useChosenRow(list, grid);
  const showNew = (): void => {
    list.live.release();
    grid.current?.toTop();
  };
  useShortcuts({
    l: () => change({ live: isLive ? undefined : "1" }),
    ".": showNew,
    j: () => step(1),
    ArrowDown: () => step(1),
    k: () => step(-1),
    ArrowUp: () => step(-1),
    Escape: () => change({ peek: undefined }),
  });
  return (
    <>
      <div className="toolbar">
        {facetButton}
        <FilterBox q={scope.q} onApply={(q) => change({ q, peek: undefined })} scope={scope} error={list.error} />
        <ViewMenu columns={columns} />
        <ColumnMenu columns={columns} onColumns={showColumns} />
        <ExportMenu scope={scope} columns={columns} />
      </div>
      <div className="traces-split">
        {hasFacets ? <FacetList scope={scope} onFilter={(q) => change({ q, peek: undefined })} /> : null}
        <div className="traces-main">
          <VolumeStrip scope={scope} />
          <ListLine list={list} isLive={isLive} />
          {list.live.held.length > 0 ? (
            <div className="new-rows">
              <Button kind="primary" onClick={showNew} title="Show new rows (.)">
                {list.live.held.length} new, show
              </Button>
            </div>
          ) : null}
          {list.state === "waiting" ? <Waiting label="Loading traces" /> : null}
          {list.state === "failed" ? (
            <div className="page-body">
              <Failure error={list.error} onRetry={list.retry} />
            </div>
          ) : null}
          {list.state === "here" && list.rows.length === 0 && !list.hasMore ? <NoTraces scope={scope} /> : null}
          {list.rows.length > 0 || list.hasMore ? (
            <TraceGrid
              rows={list.rows}
              columns={columns}
              chosenId={search.peek}
              hasMore={list.hasMore}
              isFetchingMore={list.isFetchingMore}
              searchedToMs={list.searchedToMs}
              onMore={list.more}
              onOpen={open}
              onColumns={showColumns}
              onScroll={setIsAtTop}
              handle={grid}
            />
          ) : null}
        </div>
        {search.peek === undefined ? null : (
          <PeekPanel id={search.peek} onClose={() => change({ peek: undefined })} onStep={step} canStep={canStep} />
        )}
      </div>
    </>
  );
}

type ChosenRow = {
  readonly open: (trace: Trace) => void;
  readonly step: (by: 1 | -1) => void;
  readonly canStep: (by: 1 | -1) => boolean;
};

/** Next and previous follow the list as it is filtered, and fetch its next page at the end. */
function useChosenRow(list: TraceListing, grid: RefObject<GridHandle | null>): ChosenRow {
  const { search, change } = useView();
  const navigate = useNavigate();
  const at = list.rows.findIndex((trace) => trace.id === search.peek);
  const open = useCallback((trace: Trace) => change({ peek: trace.id }), [change]);
  useShortcuts({
    Enter: () => {
      if (search.peek !== undefined) void navigate({ to: "/traces/$id", params: { id: search.peek } });
    },
  });
  const step = (by: 1 | -1): void => {
    const next = list.rows[at + by];
    if (next === undefined) {
      if (by === 1) list.more();
      return;
    }
    grid.current?.showRow(at + by);
    // The first one opens the panel; walking through it is no step of the back button.
    change({ peek: next.id }, { replace: at >= 0 });
    if (at + by >= list.rows.length - 3) list.more();
  };
  return { open, step, canStep: (by) => (by === 1 ? at < list.rows.length - 1 || list.hasMore : at > 0) };
}

function describeSpan(rows: readonly Trace[], zone: Zone): string {
  const newest = Date.parse(rows[0]?.createdAt ?? "");
  const oldest = Date.parse(rows.at(-1)?.createdAt ?? "");
  if (Number.isNaN(newest)) return "";
  const isOneDay = newest - oldest < 43_200_000;
  const show = (ms: number): string => (isOneDay ? formatClock(ms, zone).slice(0, 8) : formatShort(ms, zone));
  return ` · ${show(oldest)} – ${show(newest)}`;
}

function ListLine({ list, isLive }: { readonly list: TraceListing; readonly isLive: boolean }) {
  const [zone] = useZone();
  const { live } = list;
  const says = {
    off: "",
    joining: "Joining the live tail …",
    on: "Live: finished requests appear as they end",
    away: `Live tail is away: ${live.fault ?? ""}`,
  }[live.state];
  return (
    <div className="list-line">
      <span className="number">
        {list.rows.length}
        {list.hasMore ? "+" : ""} traces{describeSpan(list.rows, zone)}
      </span>
      <span className="spring" />
      {isLive ? <span className="live-dot" data-state={live.state} aria-hidden="true" /> : null}
      <span aria-live="polite">
        {says}
        {live.leftOut > 0 ? `, ${live.leftOut} left out to stay readable` : ""}
      </span>
    </div>
  );
}
