// What to take away of the list as a file: exactly its filter, the columns in sight or all.
import { Download, Square, Terminal } from "lucide-react";
import { type Scope, scopeQuery } from "../api/queries.js";
import { formatBytes } from "../format/numbers.js";
import { Button } from "../parts/button.js";
import { CopyButton, copyText } from "../parts/copy-button.js";
import { Dialog } from "../parts/dialog.js";
import { Menu, MenuItem, MenuRule, MenuSection } from "../parts/menu.js";
import { type Column, printColumns } from "./columns.js";
import { canWriteFiles } from "./save-file.js";
import { exportCurl, gatheredRowsMax, useExport } from "./use-export.js";

const kinds = [
  { format: "csv", columns: "seen", says: "CSV, the columns in sight" },
  { format: "jsonl", columns: "seen", says: "JSON lines, the columns in sight" },
  { format: "jsonl", columns: "all", says: "JSON lines, all columns" },
] as const;
type Kind = (typeof kinds)[number];

const rowsMax = gatheredRowsMax.toLocaleString("en");

export function ExportMenu({ scope, columns }: { readonly scope: Scope; readonly columns: readonly Column[] }) {
  const { state, start, stop, forget } = useExport();
  const seen = [...new Set(columns.flatMap((column) => column.exports))].join(",");
  const queryOf = (kind: Kind) => ({
    ...scopeQuery(scope),
    format: kind.format,
    columns: kind.columns === "all" ? null : seen,
  });
  const nameOf = ({ format }: Kind) =>
    `loom-traces-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.${format}`;
  if (state.kind === "running")
    return (
      <Button onClick={stop} title="Stop the export; nothing of it stays">
        <Square size={13} />
        <span className="number">Stop the export, {formatBytes(state.bytes)}</span>
      </Button>
    );
  return (
    <>
      <Menu
        trigger={
          <Button>
            <Download size={14} />
            Export
          </Button>
        }
      >
        <MenuSection label={canWriteFiles() ? "This filter, all rows" : `This filter, at most ${rowsMax} rows`}>
          {kinds.map((kind) => (
            <MenuItem key={kind.says} onChoose={() => start(queryOf(kind), nameOf(kind))}>
              {kind.says}
            </MenuItem>
          ))}
        </MenuSection>
        <MenuRule />
        <MenuItem onChoose={() => void copyText(exportCurl(queryOf(kinds[0]), nameOf(kinds[0])))}>
          <Terminal size={13} /> Copy as cURL, all rows
        </MenuItem>
        <p className="menu-label">
          {printColumns(columns) === undefined ? "Default columns" : `${columns.length} columns`}
        </p>
      </Menu>
      <Dialog title="The export failed" isOpen={state.kind === "failed"} onClose={forget}>
        <p>{state.kind === "failed" ? state.says : ""}</p>
      </Dialog>
      <Dialog title={`The file holds the newest ${rowsMax} rows`} isOpen={state.kind === "cut"} onClose={forget}>
        <CutExport curl={state.kind === "cut" ? state.curl : ""} />
      </Dialog>
    </>
  );
}

function CutExport({ curl }: { readonly curl: string }) {
  return (
    <div className="stack">
      <p>
        There may be more. This browser, or this address without https, cannot write a file while it comes. A shell can,
        whole:
      </p>
      <pre className="code-block" data-wrap="">
        {curl}
      </pre>
      <div className="row">
        <CopyButton kind="normal" text={curl} label="Copy the command">
          Copy the command
        </CopyButton>
      </div>
    </div>
  );
}
