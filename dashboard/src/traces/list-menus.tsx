// The menus over the list: which columns, and which view.
import { Bookmark, Columns3, Link2, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "../parts/button.js";
import { copyText } from "../parts/copy-button.js";
import { Dialog } from "../parts/dialog.js";
import { Menu, MenuCheck, MenuItem, MenuRule, MenuSection } from "../parts/menu.js";
import { parseSearchText, printSearchText, readSearch, searchNames, useView } from "../shell/view.js";
import { columns as allColumns, type Column, nameColumns } from "./columns.js";
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
