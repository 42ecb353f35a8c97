// The list of keyboard shortcuts, behind `?`.
import { Dialog } from "../parts/dialog.js";
import { shortcutList } from "./shortcuts.js";

export function ShortcutSheet({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" isOpen={isOpen} onClose={onClose}>
      <div className="keys-list">
        {shortcutList.map(({ keys, does }) => (
          <div key={keys}>
            <span>{does}</span>
            <span className="row">
              {keys.split(/\s+/).map((key) => (
                <kbd key={key} className="kbd">
                  {key}
                </kbd>
              ))}
            </span>
          </div>
        ))}
      </div>
    </Dialog>
  );
}
