// A trace beside the list, with next and previous. Its width can be dragged or changed with the arrows.
import { Link } from "@tanstack/react-router";
import { ArrowDown, ArrowUp, Maximize2, X } from "lucide-react";
import { type KeyboardEvent, lazy, type PointerEvent, Suspense } from "react";
import { Button } from "../parts/button.js";
import { Waiting } from "../parts/states.js";
import { usePreference } from "../shell/preference.js";
import { carriedSearch, readSearch, useView } from "../shell/view.js";
import "./peek-panel.css";

const TraceView = lazy(() => import("../trace/trace-view.js").then((module) => ({ default: module.TraceView })));

export type PeekPanelProps = {
  readonly id: string;
  readonly onClose: () => void;
  readonly onStep: (by: 1 | -1) => void;
  readonly canStep: (by: 1 | -1) => boolean;
};

const defaultWidthPx = 640;
const stepPx = 40;

export function PeekPanel({ id, onClose, onStep, canStep }: PeekPanelProps) {
  const { search } = useView();
  const [widthPx, setWidthPx] = usePreference("peekWidth", defaultWidthPx);
  const fit = (px: number): void => setWidthPx(Math.round(Math.min(innerWidth * 0.78, Math.max(360, px))));
  const onPointerDown = (event: PointerEvent<HTMLElement>): void => {
    event.preventDefault();
    const edge = event.currentTarget;
    edge.setPointerCapture(event.pointerId);
    const onMove = (move: globalThis.PointerEvent): void => fit(innerWidth - move.clientX);
    edge.addEventListener("pointermove", onMove);
    edge.addEventListener("pointerup", () => edge.removeEventListener("pointermove", onMove), { once: true });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    fit(widthPx + (event.key === "ArrowLeft" ? stepPx : -stepPx));
  };
  return (
    <section className="peek" aria-label="Trace" style={{ width: widthPx }}>
      <div
        className="peek-edge"
        role="separator"
        aria-orientation="vertical"
        aria-label="Width of the panel"
        aria-valuenow={widthPx}
        tabIndex={0}
        onPointerDown={onPointerDown}
        onKeyDown={onKeyDown}
      />
      <div className="peek-head">
        <strong>Trace</strong>
        <code className="faint cut">{id}</code>
        <span className="spring" />
        <Button kind="plain" small label="Next (j)" disabled={!canStep(1)} onClick={() => onStep(1)}>
          <ArrowDown size={15} />
        </Button>
        <Button kind="plain" small label="Previous (k)" disabled={!canStep(-1)} onClick={() => onStep(-1)}>
          <ArrowUp size={15} />
        </Button>
        <Link
          to="/traces/$id"
          params={{ id }}
          search={readSearch({ ...carriedSearch(search), tab: search.tab })}
          className="button"
          data-kind="plain"
          data-small=""
          data-icon=""
          aria-label="Open the whole page (Enter)"
          title="Open the whole page (Enter)"
        >
          <Maximize2 size={14} />
        </Link>
        <Button kind="plain" small label="Close (Esc)" onClick={onClose}>
          <X size={15} />
        </Button>
      </div>
      <div className="peek-body">
        <Suspense fallback={<Waiting />}>
          <TraceView key={id} id={id} />
        </Suspense>
      </div>
    </section>
  );
}
