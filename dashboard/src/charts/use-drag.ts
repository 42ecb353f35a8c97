// A drag from left to right over an element, as shares of its width between 0 and 1.
import { type PointerEvent, useState } from "react";

const shareMin = 0.008;

export type Drag = {
  readonly span: readonly [number, number] | null;
  readonly handlers: {
    readonly onPointerDown: (event: PointerEvent<Element>) => void;
    readonly onPointerMove: (event: PointerEvent<Element>) => void;
    readonly onPointerUp: () => void;
  };
};

export function useDrag(onDone: (from: number, to: number) => void): Drag {
  const [ends, setEnds] = useState<readonly [number, number] | null>(null);
  const share = (event: PointerEvent<Element>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const span: readonly [number, number] | null = ends === null ? null : [Math.min(...ends), Math.max(...ends)];
  return {
    span,
    handlers: {
      onPointerDown: (event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        const at = share(event);
        setEnds([at, at]);
      },
      onPointerMove: (event) => {
        if (ends !== null) setEnds([ends[0], share(event)]);
      },
      onPointerUp: () => {
        setEnds(null);
        if (span !== null && span[1] - span[0] > shareMin) onDone(span[0], span[1]);
      },
    },
  };
}
