import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { knownNames } from "../../src/config/environment-names.js";
import { readConfig } from "../../src/config/read-config.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (name: string) => readFileSync(`${root}${name}`, "utf8");

type Instruction = { readonly name: string; readonly text: string };
type Stage = { readonly base: string; readonly instructions: readonly Instruction[] };

/** A small reader of Dockerfiles: joined lines, comments left out, instructions by stage. */
function readStages(text: string): Stage[] {
  const lines = text
    .split("\n")
    .filter((line) => !line.trim().startsWith("#"))
    .join("\n")
    .replace(/\\\n\s*/g, " ")
    .split("\n")
    .flatMap((line) => line.trim() || []);
  const stages: { base: string; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, name = "", rest = ""] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === "FROM") stages.push({ base: rest.split(/\s+/)[0] ?? "", instructions: [] });
    else if (name !== "") stages.at(-1)?.instructions.push({ name, text: rest });
    else throw new Error(`not an instruction: ${line}`);
  }
  return stages;
}

const stages = readStages(read("Dockerfile"));
const final = stages.at(-1);
const of = (name: string, stage: Stage | undefined = final) =>
  stage?.instructions.flatMap((instruction) => (instruction.name === name ? [instruction.text] : [])) ?? [];
const copied = stages
  .flatMap((stage) => of("COPY", stage))
  .filter((text) => !text.startsWith("--from="))
  .flatMap((text) => text.split(/\s+/).slice(0, -1));

describe("the Dockerfile", () => {
  test("builds and runs on Debian trixie slim with Node 24", () => {
    expect(stages.map((stage) => stage.base)).toEqual(["node:24-trixie-slim", "node:24-trixie-slim"]);
  });

  test("runs no scripts of dependencies, and leaves the tools of the build behind", () => {
    const installs = stages.flatMap((stage) => of("RUN", stage)).filter((text) => text.includes("npm "));
    expect(installs.length).toBeGreaterThan(0);
    for (const text of installs)
      for (const call of text.match(/npm \w+[^&]*/g) ?? []) expect(call).toContain("--ignore-scripts");
    expect(installs.join()).toContain("npm prune --omit=dev");
  });

  test("runs as an ordinary user who owns the home", () => {
    expect(of("USER")).toEqual(["10001:10001"]);
    expect(of("VOLUME")).toEqual(['["/var/lib/loom"]']);
    expect(of("RUN").join()).toMatch(/--owner=10001 .*--mode=0700 \/var\/lib\/loom/);
    const names = final?.instructions.map((instruction) => instruction.name) ?? [];
    expect(names.lastIndexOf("USER")).toBeGreaterThan(names.lastIndexOf("RUN"));
  });

  test("asks /healthz, and stops by SIGTERM with node as the process that gets it", () => {
    expect(of("HEALTHCHECK")[0]).toMatch(/^--interval=.* CMD \["node", "-e", ".*\/healthz`.*"\]$/);
    const command = JSON.parse(/CMD (\[.*\])$/.exec(of("HEALTHCHECK")[0] ?? "")?.[1] ?? "null") as string[];
    expect(() => new Script(command[2] ?? "(")).not.toThrow();
    expect(of("STOPSIGNAL")).toEqual(["SIGTERM"]);
    expect([of("ENTRYPOINT"), of("CMD")]).toEqual([['["node", "bin/loom.js"]'], ['["start"]']]);
    expect(of("EXPOSE")).toEqual(["8080"]);
  });

  test("sets only what the configuration knows, and the configuration takes it", () => {
    const env = Object.fromEntries(
      of("ENV").flatMap((text) => text.split(/\s+/).map((pair) => pair.split("=") as [string, string])),
    );
    expect(knownNames()).toEqual(expect.arrayContaining(Object.keys(env).filter((name) => name !== "NODE_ENV")));
    expect(readConfig({ env, cwd: "/nowhere", uid: 10_001 })).toMatchObject({
      home: "/var/lib/loom",
      listen: { host: "0.0.0.0", port: 8080 },
    });
  });

  test("copies only what is there, what the build needs among it, and .dockerignore lets it through", () => {
    expect(copied.filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
    const { include } = JSON.parse(read("tsconfig.json")) as { include: string[] };
    expect(copied).toEqual(
      expect.arrayContaining([...include, "tsconfig.json", "migrations", "bin", "package-lock.json"]),
    );
    const passes = read(".dockerignore")
      .split("\n")
      .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []));
    expect(passes.sort()).toEqual([...new Set(copied)].sort());
    expect(read(".dockerignore")).toMatch(/^\*$/m);
  });
});

describe("docker-compose.yml", () => {
  type Service = {
    build?: string;
    image: string;
    environment: Record<string, string | number>;
    depends_on?: Record<string, { condition: string }>;
    healthcheck?: { test: string[] };
    ports?: string[];
    volumes: string[];
    stop_grace_period?: string;
  };
  const text = read("docker-compose.yml");
  const compose = parse(text) as { services: Record<string, Service>; volumes: Record<string, null> };
  const { loom, postgres } = compose.services as { loom: Service; postgres: Service };

  /** What compose makes of `${NAME:-default}` in an empty environment. */
  const withDefaults = (environment: Service["environment"]) =>
    Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, String(value).replace(/\$\{\w+:-([^}]*)\}/g, "$1")]),
    );

  test("has Loom and a PostgreSQL that Loom waits for", () => {
    expect(Object.keys(compose.services)).toEqual(["loom", "postgres"]);
    expect(loom.build).toBe(".");
    expect(loom.depends_on).toEqual({ postgres: { condition: "service_healthy" } });
    expect(postgres.image).toBe("postgres:18");
    expect(postgres.healthcheck?.test.join(" ")).toMatch(/pg_isready .*loom/);
  });

  test("sets only names that the configuration knows", () => {
    expect(Object.keys(loom.environment).filter((name) => !knownNames().includes(name))).toEqual([]);
  });

  test("gives a configuration without a fault that reaches the database beside it", () => {
    const config = readConfig({ env: withDefaults(loom.environment), cwd: "/nowhere", uid: 10_001 });
    const url = new URL(config.databaseUrl?.reveal() ?? "");
    const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = withDefaults(postgres.environment);
    expect([url.hostname, url.port]).toEqual(["postgres", "5432"]);
    expect([url.username, url.password, url.pathname]).toEqual([POSTGRES_USER, POSTGRES_PASSWORD, `/${POSTGRES_DB}`]);
    expect([config.masterKeys, config.providers]).toEqual([null, []]);
  });

  test("gives open streams more time to end than the gateway takes", () => {
    const graceMs = Number(loom.stop_grace_period?.replace("s", "")) * 1000;
    expect(graceMs).toBeGreaterThan(
      readConfig({ env: withDefaults(loom.environment), cwd: "/nowhere", uid: 1 }).drainTimeoutMs,
    );
  });

  test("publishes to this machine only, and keeps both homes in volumes", () => {
    expect(loom.ports).toEqual(["127.0.0.1:8080:8080"]);
    expect(loom.volumes).toEqual(["loom:/var/lib/loom"]);
    // The place that the image of version 18 uses; the one of version 17 would be lost with the container.
    expect(postgres.volumes).toEqual(["postgres:/var/lib/postgresql"]);
    expect(Object.keys(compose.volumes)).toEqual(["loom", "postgres"]);
  });

  test("marks every default of a secret", () => {
    const secret = /^\s+(\w*(PASSWORD|MASTER_KEYS|DATABASE_URL)): (.*)$/;
    const lines = text.split("\n").filter((line) => secret.test(line));
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(/# CHANGEME$/);
  });
});
