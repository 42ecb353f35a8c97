// The header of the trace list: columns are dragged to another place, and made wider by their edge or with the arrows.
import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { usePreference } from "../shell/preference.js";
import type { Column } from "./columns.js";

export type Widths = Readonly<Record<string, number>>;

const noWidths: Widths = {};
const widthMin = 48;
const widthMax = 720;
const stepPx = 16;

export function useColumnWidths(): { readonly widths: Widths; readonly setWidth: (id: string, px: number) => void } {
  const [widths, keep] = usePreference("widths", noWidths);
  return {
    widths,
    setWidth: (id, px) => keep({ ...widths, [id]: Math.round(Math.min(widthMax, Math.max(widthMin, px))) }),
  };
}

export type GridHeadProps = {
  readonly columns: readonly Column[];
  readonly template: string;
  readonly widths: Widths;
  readonly onWidth: (id: string, px: number) => void;
  readonly onColumns: (columns: readonly Column[]) => void;
};

export function GridHead({ columns, template, widths, onWidth, onColumns }: GridHeadProps) {
  const [dragged, setDragged] = useState<string | null>(null);
  const drop = (before: Column): void => {
    const moved = columns.find((column) => column.id === dragged);
    setDragged(null);
    if (moved === undefined || moved === before) return;
    onColumns(columns.filter((one) => one !== moved).flatMap((one) => (one === before ? [moved, one] : [one])));
  };
  return (
    <div role="rowgroup" className="grid-head">
      <div role="row" className="grid-head-row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
        {columns.map((column) => (
          <div
            key={column.id}
            role="columnheader"
            className={column.isNumber === true ? "cell right" : "cell"}
            draggable
            onDragStart={() => setDragged(column.id)}
            onDragOver={(event) => event.preventDefault()}
            onDrop={() => drop(column)}
          >
            <span className="cut">{column.label}</span>
            <WidthHandle column={column} widthPx={widths[column.id] ?? column.widthPx} onWidth={onWidth} />
          </div>
        ))}
      </div>
    </div>
  );
}

type WidthHandleProps = {
  readonly column: Column;
  readonly widthPx: number;
  readonly onWidth: GridHeadProps["onWidth"];
};

function WidthHandle({ column, widthPx, onWidth }: WidthHandleProps) {
  const onPointerDown = (event: PointerEvent<HTMLElement>): void => {
    event.preventDefault();
    const handle = event.currentTarget;
    const startX = event.clientX;
    handle.setPointerCapture(event.pointerId);
    const onMove = (move: globalThis.PointerEvent): void => onWidth(column.id, widthPx + move.clientX - startX);
    handle.addEventListener("pointermove", onMove);
    handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", onMove), { once: true });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    onWidth(column.id, widthPx + (event.key === "ArrowRight" ? stepPx : -stepPx));
  };
  return (
    <div
      className="width-handle"
      role="separator"
      aria-orientation="vertical"
      aria-label={`Width of ${column.label}`}
      aria-valuenow={widthPx}
      aria-valuemin={widthMin}
      aria-valuemax={widthMax}
      tabIndex={0}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
    />
  );
}
