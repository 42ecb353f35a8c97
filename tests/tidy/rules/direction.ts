// The import direction of DESIGN.md section 3: which room may import which, and which modules stay pure.
import type { Fault, SourceFile } from "../source-files.js";
import { type Import, importsOf } from "./imports.js";

const leaves = ["src/errors", "src/limits", "src/trace", "src/report"];
/** The contract of the configuration; how it is read (read-config) is for the wiring only. */
const settings = ["src/config/config", "src/config/secret", "src/config/tenant"];
const phases = ["src/listen", "src/authenticate", "src/route", "src/forward", "src/tee", "src/hand-off"];
const offPath = [
  ...["src/postgres", "src/query", "src/administer", "src/providers", "src/config", "src/keys", "src/supervise"],
  "src/prices",
];

/** Room -> what it may import besides itself: a room, or one file of a room without its ending. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "src/errors": [],
  "src/limits": [],
  "src/report": [],
  "src/trace": ["src/limits", "src/report (type)"],
  // What a provider wants of its settings stands in its own file, so whoever reads settings asks there.
  "src/config": [...leaves, "src/providers"],
  "src/providers": [...leaves, ...settings],
  "src/listen": [...leaves, ...settings],
  "src/authenticate": [...leaves, ...settings, "src/postgres", "src/providers"],
  "src/route": [...leaves, ...settings, "src/providers"],
  "src/forward": [...leaves, ...settings, "src/providers"],
  "src/tee": [...leaves, ...settings, "src/providers"],
  "src/hand-off": [...leaves, ...settings],
  // The price list: lanes price with it, the query API says line by line what a price was made of.
  "src/prices": [...leaves, ...settings, "src/providers"],
  "src/postgres": [...leaves, ...settings],
  "src/keys": [...leaves, "src/config"],
  "src/query": [...leaves, ...settings, "src/config/nearest-name", "src/postgres", "src/prices"],
  // Answers over HTTP what src/query asks of the database.
  "src/serve": [...leaves, ...settings, "src/listen", "src/query"],
  "src/administer": [...leaves, "src/config", "src/postgres", "src/providers"],
  "src/supervise": [...leaves, ...settings],
  "src/gateway": [...leaves, ...settings, ...phases, "src/providers", "src/serve"],
  "src/wiring": [...leaves, ...phases, ...offPath, "src/serve", "src/gateway", "src/cli"],
  "src/cli": [...leaves, ...offPath, "src/hand-off", "src/wiring"],
  "src/main": [...leaves, ...phases, ...offPath, "src/gateway", "src/cli", "src/wiring"],
  workers: [...leaves, ...settings, "src/providers", "src/postgres", "src/prices", "otel"],
  otel: [...leaves, ...settings, "src/providers", "src/postgres", "workers"],
  mock: [],
  bench: [...leaves, ...phases, ...offPath, "workers", "mock"],
};

/** Rooms without I/O: the same answer for the same arguments, on any thread. */
const pureRooms = new Set(["src/providers", "src/trace", "src/errors", "src/limits"]);
const impure =
  /^(node:)?(http|https|http2|net|tls|dns|dgram|fs|child_process|worker_threads|cluster|os)(\/|$)|^(undici|pg|piscina)$/;

/** Files in src itself that compose the path; every other one there is wiring, which nothing on the path may import. */
const composing = new Set([
  ..."answer-for-all gateway provider-exchange provider-parts upstream-calls upload-stream answer-head".split(" "),
  ..."exchange-clock exchange-record fail-reply health list-models upstream-flow".split(" "),
]);

/** The room of a path: its folder below src, else the top-level folder; for a file in src itself, what it is part of. */
export function roomOf(path: string): string {
  const [top = "", second = "", ...rest] = path.split("/");
  if (top !== "src") return top;
  if (rest.length > 0) return `src/${second}`;
  const name = second.replace(/\.ts$/, "");
  if (name === "main" || name === "limits") return `src/${name}`;
  return composing.has(name) ? "src/gateway" : "src/wiring";
}

/** Every import that goes against the direction, and every source in a room that the table does not know. */
export function findWrongDirections(files: readonly SourceFile[]): Fault[] {
  const faults: Fault[] = [];
  for (const file of files) {
    const room = roomOf(file.path);
    const permitted = allowed[room];
    if (permitted === undefined) {
      faults.push({ path: file.path, says: `lies in ${room}, which the import direction does not know` });
      continue;
    }
    for (const one of importsOf(file)) {
      const wrong = judge(room, permitted, one);
      if (wrong !== null) faults.push({ path: file.path, line: one.line, says: wrong });
    }
  }
  return faults;
}

function judge(room: string, permitted: readonly string[], one: Import): string | null {
  if (one.target === null) {
    if (!one.typeOnly && pureRooms.has(room) && impure.test(one.specifier))
      return `imports ${one.specifier}, but ${room} is pure`;
    if (room === "mock" && !one.specifier.startsWith("node:")) return `imports ${one.specifier}; mock takes node: only`;
    return null;
  }
  const other = roomOf(one.target);
  if (other === room) return null;
  const file = one.target.replace(/\.ts$/, "");
  if (permitted.includes(other) || permitted.includes(file)) return null;
  if (one.typeOnly && permitted.includes(`${other} (type)`)) return null;
  return `imports ${one.target}, and ${room} may not import ${other}`;
}
