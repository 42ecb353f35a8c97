// Where Loom keeps its own files when nobody said where, and how many lanes a machine gets.
import { join } from "node:path";

/** `./.loom` for an ordinary user, `/var/lib/loom` for root. */
export function defaultHome(cwd: string, uid: number | null): string {
  return uid === 0 ? "/var/lib/loom" : join(cwd, ".loom");
}

/** One lane on up to two cores, where the main thread needs the other; else half the cores, at most four. */
function defaultLanes(cores: number): number {
  return cores <= 2 ? 1 : Math.min(4, Math.floor(cores / 2));
}

/** How many processes and lanes: `auto` is a process a core, and each process then has a share of the lanes. */
export function composeProcesses(
  { processes = 1, lanes }: { readonly processes?: number | "auto" | undefined; readonly lanes?: number | undefined },
  cores: number,
): { readonly processes: number; readonly lanes: number } {
  const count = processes === "auto" ? cores : processes;
  return { processes: count, lanes: lanes ?? defaultLanes(Math.max(1, Math.floor(cores / count))) };
}
