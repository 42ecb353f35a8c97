// Everything that a gateway with this configuration needs, looked at one by one: what is well, what will hurt, what
// will stop it, and what to do about each.
import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { createServer } from "node:net";
import type { Config } from "./config/config.js";
import { collectorOf, tryToConnect } from "./doctor-collector.js";
import { masterKeySource } from "./keys/master-key-source.js";
import { openFrontEnd } from "./listen/front-end.js";
import { withDatabase } from "./open-database.js";
import { findHomeHolder } from "./postgres/home-lock.js";
import { probeProviders } from "./probe-providers.js";

export type Check = {
  readonly name: string;
  /** `skipped`: it was not asked for, or cannot be told. */
  readonly state: "ok" | "warn" | "fail" | "skipped";
  readonly detail: string;
  /** What to do; empty when there is nothing. */
  readonly fix: string;
};

type Finding = Omit<Check, "name">;

const nodeMin = [20, 19] as const;
const freeBytesMin = 1024 ** 3;
const openFilesMin = 4096;
const clockSkewMsMax = 2000;
const postgresMin = 150_000;

const ok = (detail: string): Finding => ({ state: "ok", detail, fix: "" });
const warn = (detail: string, fix: string): Finding => ({ state: "warn", detail, fix });
const fail = (detail: string, fix: string): Finding => ({ state: "fail", detail, fix });

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isOld = major < nodeMin[0] || (major === nodeMin[0] && minor < nodeMin[1]);
  return isOld ? fail(process.version, `Install Node ${nodeMin.join(".")} or newer.`) : ok(process.version);
}

async function checkHome({ home }: Config): Promise<Finding> {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    accessSync(home, constants.W_OK | constants.R_OK | constants.X_OK);
  } catch (error) {
    return fail(reasonOf(error), "Give a folder that this user may write to: LOOM_HOME.");
  }
  const { bavail, bsize } = await statfs(home);
  const free = bavail * bsize;
  const detail = `${home}, ${(free / 1024 ** 3).toFixed(1)} GiB free`;
  return free < freeBytesMin ? warn(detail, "Make room: the spool needs it while the database is away.") : ok(detail);
}

function checkFrontEnd(config: Config): Finding {
  const { home, frontEndSha256, listen } = config;
  const opened = openFrontEnd({ home, acceptedSha256: frontEndSha256, asked: listen.frontEnd });
  return opened.notice === null ? ok(opened.description) : warn(opened.description, opened.notice);
}

function checkPort({ listen, home }: Config): Promise<Finding> {
  const { host, port } = listen;
  const holder = findHomeHolder(home);
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      if (taken && holder !== null) resolve(ok(`${host}:${port} is this home's own gateway`));
      else resolve(fail(`${host}:${port}: ${reasonOf(error)}`, "Give another port (PORT), or end what listens there."));
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(ok(`${host}:${port} is free`))));
  });
}

async function checkMasterKeys(config: Config): Promise<Finding> {
  const file = config.masterKeys === null ? `${config.home}/master-keys` : null;
  // Reading would make the file; that is the first start's business.
  if (file !== null && config.keys.source === "local" && !existsSync(file)) {
    return warn(
      "none yet: the first start makes them",
      "Keep a copy of the file that is made: without it no body opens.",
    );
  }
  const keys = (await masterKeySource(config).read()).keys.reveal().split(",").length;
  const isOpen = file !== null && existsSync(file) && (statSync(file).mode & 0o077) !== 0;
  if (isOpen) return fail(`${file} can be read by others`, `chmod 600 ${file}`);
  return ok(`${keys} ${keys === 1 ? "version" : "versions"}`);
}

async function checkDatabase(config: Config): Promise<Finding> {
  return withDatabase(config, async (db) => {
    const { rows } = await db.query<{ version: string; number: string; nowMs: string }>(
      `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number,
              extract(epoch FROM clock_timestamp()) * 1000 AS "nowMs"`,
    );
    const skewMs = Math.abs(Date.now() - Number(rows[0]?.nowMs));
    const where = config.databaseUrl === null ? "embedded" : "yours";
    const detail = `PostgreSQL ${rows[0]?.version} (${where}), schema up to date`;
    if (Number(rows[0]?.number) < postgresMin) return fail(detail, "Loom needs PostgreSQL 15 or newer.");
    // Whether it can write at all: a standby, or a full disk, refuses this.
    await db.query("CREATE TEMP TABLE loom_doctor (x int)");
    await db.query("DROP TABLE loom_doctor");
    if (skewMs <= clockSkewMsMax) return ok(detail);
    return warn(`${detail}; its clock is ${Math.round(skewMs)} ms off`, "Synchronise the clocks (NTP).");
  });
}

async function checkCollector(config: Config, offline: boolean): Promise<Finding> {
  const url = collectorOf(config);
  if (url === null) return { state: "skipped", detail: "no spans are exported", fix: "" };
  if (offline) return { state: "skipped", detail: "--offline", fix: "" };
  const reason = await tryToConnect(url);
  if (reason === null) return ok(`${url.host} can be reached`);
  return warn(`${url.host}: ${reason}`, "Requests go on, spans are dropped: see OTEL_EXPORTER_OTLP_ENDPOINT.");
}

function checkOpenFiles(): Finding {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const soft = report.userLimits?.open_files?.soft;
  if (soft === undefined) return { state: "skipped", detail: "the system does not say", fix: "" };
  const isLow = typeof soft === "number" && soft < openFilesMin;
  return isLow ? warn(String(soft), `Raise it: ulimit -n ${openFilesMin} or more.`) : ok(String(soft));
}

async function checkProviders(config: Config, offline: boolean): Promise<Check[]> {
  if (offline) return [{ name: "providers", state: "skipped", detail: "--offline", fix: "" }];
  const probes = await probeProviders(config, { name: null, tenant: null, model: null });
  if (probes.length === 0) {
    const fix = "Set OPENAI_API_KEY, or give tenants providers of their own: loom provider set.";
    return [{ name: "providers", ...warn("none in the configuration; the mock provider answers", fix) }];
  }
  return probes.map(({ name, state, detail, latencyMs }) => ({
    name: `provider ${name}`,
    ...(state === "ok" ? ok(`${detail}, ${latencyMs} ms`) : warn(detail, `Try it: loom provider test ${name}`)),
  }));
}

/** Never rejects: what cannot be looked at is a finding too. */
export async function examine(config: Config, asked: { readonly offline: boolean }): Promise<readonly Check[]> {
  const looks: readonly (readonly [string, () => Finding | Promise<Finding>, string])[] = [
    ["node", checkNode, ""],
    ["home", () => checkHome(config), "See LOOM_HOME."],
    ["front end", () => checkFrontEnd(config), "Set LOOM_FRONT_END=node."],
    ["port", () => checkPort(config), ""],
    ["master keys", () => checkMasterKeys(config), "See docs/keys.md."],
    ["database", () => checkDatabase(config), "See DATABASE_URL, and docs/database-roles.md for what its user needs."],
    ["open files", checkOpenFiles, ""],
    ["collector", () => checkCollector(config, asked.offline), "See OTEL_EXPORTER_OTLP_ENDPOINT."],
  ];
  const checks: Check[] = [];
  for (const [name, look, fix] of looks) {
    try {
      checks.push({ name, ...(await look()) });
    } catch (error) {
      checks.push({ name, ...fail(reasonOf(error), fix) });
    }
  }
  try {
    checks.push(...(await checkProviders(config, asked.offline)));
  } catch (error) {
    checks.push({ name: "providers", ...fail(reasonOf(error), "") });
  }
  return checks;
}
