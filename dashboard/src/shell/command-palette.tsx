// Goes anywhere by typing: pages, a trace by its id, themes, saved views.
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useState } from "react";
import { Dialog } from "../parts/dialog.js";
import { readSavedViews } from "../traces/saved-views.js";
import { pages } from "./shell.js";
import type { ThemeChoice } from "./theme.js";
import { carriedSearch, parseSearchText, readSearch, useView } from "./view.js";

type Command = { readonly name: string; readonly hint: string; readonly run: () => void };

export type CommandPaletteProps = {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly themeChoice: ThemeChoice;
  readonly onTheme: (choice: ThemeChoice) => void;
};

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function useCommands(typed: string, themeChoice: ThemeChoice, onTheme: (choice: ThemeChoice) => void): Command[] {
  const navigate = useNavigate();
  const { search } = useView();
  const text = typed.trim().toLowerCase();
  const commands: Command[] = pages.map((page) => ({
    name: page.name,
    hint: `g ${page.key}`,
    run: () => void navigate({ to: page.to, search: carriedSearch(search) }),
  }));
  for (const view of readSavedViews()) {
    const to = (): void => void navigate({ to: "/traces", search: readSearch(parseSearchText(view.search)) });
    commands.push({ name: `View: ${view.name}`, hint: "saved view", run: to });
  }
  for (const choice of ["light", "dark", "system"] as const) {
    if (choice !== themeChoice) commands.push({ name: `Theme: ${choice}`, hint: "theme", run: () => onTheme(choice) });
  }
  if (uuid.test(text)) {
    const open = (): void => void navigate({ to: "/traces/$id", params: { id: text } });
    return [{ name: `Trace ${text}`, hint: "open", run: open }];
  }
  return commands.filter((command) => command.name.toLowerCase().includes(text));
}

export function CommandPalette({ isOpen, onClose, themeChoice, onTheme }: CommandPaletteProps) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const commands = useCommands(typed, themeChoice, onTheme);
  const shown = Math.min(at, commands.length - 1);
  const close = (): void => {
    setTyped("");
    setAt(0);
    onClose();
  };
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    close();
    command.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") setAt(Math.min(shown + 1, commands.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(shown - 1, 0));
    else if (event.key === "Enter") run(commands[shown]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Go to" isOpen={isOpen} onClose={close} bare>
      <input
        className="palette-field"
        role="combobox"
        aria-label="Go to a page, a view or a trace id"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`palette-${shown}`}
        placeholder="Go to a page, a saved view, or paste a trace id"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKey}
      />
      <div id="palette-list" className="palette-list" role="listbox" aria-label="Commands">
        {commands.map((command, index) => (
          <div
            key={command.name}
            id={`palette-${index}`}
            className="menu-item"
            role="option"
            tabIndex={-1}
            aria-selected={index === shown}
            data-highlighted={index === shown ? "" : undefined}
            onMouseDown={() => run(command)}
          >
            {command.name}
            <span className="spring" />
            <span className="faint">{command.hint}</span>
          </div>
        ))}
        {commands.length === 0 ? <p className="menu-label">Nothing of that name</p> : null}
      </div>
    </Dialog>
  );
}
