// The menus over the list: which columns, which view, and what to take away as a file.
import { Bookmark, Columns3, Download, Link2, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { send } from "../api/ask.js";
import { type Scope, scopeQuery } from "../api/queries.js";
import { Button } from "../parts/button.js";
import { copyText } from "../parts/copy-button.js";
import { Dialog } from "../parts/dialog.js";
import { Menu, MenuCheck, MenuItem, MenuRule, MenuSection } from "../parts/menu.js";
import { describeFailure } from "../parts/states.js";
import { parseSearchText, printSearchText, readSearch, searchNames, useView } from "../shell/view.js";
import { columns as allColumns, type Column, nameColumns, printColumns } from "./columns.js";
import { saveStream } from "./save-file.js";
import { useSavedViews } from "./saved-views.js";

type ColumnMenuProps = {
  readonly columns: readonly Column[];
  readonly onColumns: (columns: readonly Column[]) => void;
};

export function ColumnMenu({ columns, onColumns }: ColumnMenuProps) {
  return (
    <Menu
      trigger={
        <Button>
          <Columns3 size={14} />
          Columns
        </Button>
      }
    >
      <MenuSection label="Columns">
        {allColumns.map((column) => {
          const isOn = columns.includes(column);
          return (
            <MenuCheck
              key={column.id}
              checked={isOn}
              onChange={() => {
                const next = isOn ? columns.filter((one) => one !== column) : [...columns, column];
                if (next.length > 0) onColumns(next);
              }}
            >
              {column.label}
            </MenuCheck>
          );
        })}
      </MenuSection>
      <MenuRule />
      <MenuItem onChoose={() => onColumns(allColumns.filter((column) => column.isDefault === true))}>
        Back to the default
      </MenuItem>
    </Menu>
  );
}

const noSearch = Object.fromEntries(searchNames.map((name) => [name, undefined]));

export function ViewMenu({ columns }: { readonly columns: readonly Column[] }) {
  const { search, change } = useView();
  // With the columns by name, so that the view is the same where other ones were chosen.
  const named = { ...search, cols: nameColumns(columns) };
  const { views, save, drop } = useSavedViews();
  const [isNaming, setIsNaming] = useState(false);
  return (
    <>
      <Menu
        trigger={
          <Button>
            <Bookmark size={14} />
            Views
          </Button>
        }
      >
        {views.map((view) => (
          <MenuItem
            key={view.name}
            onChoose={() => change({ ...noSearch, ...readSearch(parseSearchText(view.search)) })}
          >
            {view.name}
          </MenuItem>
        ))}
        {views.length === 0 ? <p className="menu-label">No saved views yet</p> : <MenuRule />}
        <MenuItem onChoose={() => setIsNaming(true)}>
          <Bookmark size={13} /> Save this view …
        </MenuItem>
        <MenuItem onChoose={() => void copyText(`${location.origin}${location.pathname}${printSearchText(named)}`)}>
          <Link2 size={13} /> Copy a link to this view
        </MenuItem>
        {views.length > 0 ? <MenuRule /> : null}
        {views.map((view) => (
          <MenuItem key={view.name} onChoose={() => drop(view.name)}>
            <Trash2 size={13} /> Delete “{view.name}”
          </MenuItem>
        ))}
      </Menu>
      <NameDialog
        isOpen={isNaming}
        onClose={() => setIsNaming(false)}
        onName={(name) => save({ name, search: printSearchText({ ...named, peek: undefined }) })}
      />
    </>
  );
}

type NameDialogProps = {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onName: (name: string) => void;
};

function NameDialog({ isOpen, onClose, onName }: NameDialogProps) {
  const [name, setName] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (name.trim() === "") return;
    onName(name.trim());
    setName("");
    onClose();
  };
  return (
    <Dialog title="Save this view" isOpen={isOpen} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <p className="muted">Time, filter and columns are kept under this name, in this browser.</p>
        <label className="label">
          Name
          <input className="field" value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <Button kind="primary" type="submit" disabled={name.trim() === ""}>
          Save
        </Button>
      </form>
    </Dialog>
  );
}

const formats = [
  { format: "csv", says: "CSV, the columns in sight" },
  { format: "jsonl", says: "JSON lines, the columns in sight" },
  { format: "jsonl-all", says: "JSON lines, all columns" },
] as const;

/** Rows of an export that the page takes into its memory when the browser cannot write a stream to a file. */
const rowsMax = 100_000;

type ExportState = { readonly kind: "idle" | "running" } | { readonly kind: "failed"; readonly says: string };

export function ExportMenu({ scope, columns }: { readonly scope: Scope; readonly columns: readonly Column[] }) {
  const [state, setState] = useState<ExportState>({ kind: "idle" });
  const run = (wanted: (typeof formats)[number]["format"]): void => {
    const format = wanted === "csv" ? "csv" : "jsonl";
    const names = [...new Set(columns.flatMap((column) => column.exports))].join(",");
    const query = { ...scopeQuery(scope), format, limit: rowsMax, columns: wanted === "jsonl-all" ? null : names };
    setState({ kind: "running" });
    send("/v1/traces/export", { query })
      .then((response) => saveStream(response, `loom-traces-${new Date().toISOString().slice(0, 19)}.${format}`))
      .then(
        () => setState({ kind: "idle" }),
        (error: unknown) => setState({ kind: "failed", says: describeFailure(error) }),
      );
  };
  return (
    <>
      <Menu
        trigger={
          <Button disabled={state.kind === "running"}>
            <Download size={14} />
            {state.kind === "running" ? "Exporting …" : "Export"}
          </Button>
        }
      >
        <MenuSection label={`This filter, at most ${rowsMax.toLocaleString("en")} rows`}>
          {formats.map(({ format, says }) => (
            <MenuItem key={format} onChoose={() => run(format)}>
              {says}
            </MenuItem>
          ))}
        </MenuSection>
        <MenuRule />
        <p className="menu-label">
          {printColumns(columns) === undefined ? "Default columns" : `${columns.length} columns`}
        </p>
      </Menu>
      <Dialog title="The export failed" isOpen={state.kind === "failed"} onClose={() => setState({ kind: "idle" })}>
        <p>{state.kind === "failed" ? state.says : ""}</p>
      </Dialog>
    </>
  );
}
