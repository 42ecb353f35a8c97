// A modal dialog with a title and a way out.
import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./button.js";

export type DialogProps = {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Without the line with title and cross; the title is still read out. */
  readonly bare?: boolean;
};

export function Dialog({ title, isOpen, onClose, children, bare = false }: DialogProps) {
  return (
    <Base.Root open={isOpen} onOpenChange={(open) => (open ? undefined : onClose())}>
      <Base.Portal>
        <Base.Backdrop className="veil" />
        <Base.Popup className="dialog">
          {bare ? (
            <Base.Title className="unseen">{title}</Base.Title>
          ) : (
            <div className="dialog-head">
              <Base.Title render={<h2 />}>{title}</Base.Title>
              <span className="spring" />
              <Base.Close render={<Button kind="plain" small label="Close" />}>
                <X size={15} />
              </Base.Close>
            </div>
          )}
          {bare ? children : <div className="dialog-body">{children}</div>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
