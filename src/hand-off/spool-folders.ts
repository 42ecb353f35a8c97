// Where the lanes' spools lie below a home: <home>/spool/<node>/<boot>/lane-<n>. The main thread, which holds the
// lock of the home, decides who works in which folder; the lanes do the rest.
import { readdirSync } from "node:fs";
import { join } from "node:path";

function foldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** All lanes' folders of processes that are gone, oldest names first. Call it before this process makes its own. */
export function findLeftFolders(spoolFolder: string): string[] {
  return foldersIn(spoolFolder)
    .flatMap(foldersIn)
    .flatMap(foldersIn)
    .filter((folder) => /[/\\]lane-\d+$/.test(folder))
    .sort();
}

/** The folder of one lane of this process. A node's name is a host's name and may hold anything. */
export function laneFolder(spoolFolder: string, nodeId: string, bootId: string, lane: number): string {
  return join(spoolFolder, encodeURIComponent(nodeId), bootId, `lane-${lane}`);
}
