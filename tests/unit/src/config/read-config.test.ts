import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Config } from "../../../../src/config/config.js";
import { ConfigFaults } from "../../../../src/config/config-faults.js";
import { configFileName, environmentNames } from "../../../../src/config/environment-names.js";
import { printConfig } from "../../../../src/config/print-config.js";
import { type ConfigOverrides, readConfig } from "../../../../src/config/read-config.js";
import { Secret } from "../../../../src/config/secret.js";

const masterKeys = `1:${Buffer.alloc(32, 7).toString("base64")}`;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loom-config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(env: Record<string, string> = {}, overrides: ConfigOverrides = {}, uid: number | null = 1000): Config {
  return readConfig({ env, cwd: folder, uid, cores: 2, overrides });
}

function faultsOf(act: () => unknown) {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigFaults) return error.faults;
    throw error;
  }
  throw new Error("expected faults");
}

function writeYaml(text: string, name = "loom.yaml"): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("defaults", () => {
  test("nothing set gives a gateway on the loopback with the embedded database and the mock provider", () => {
    expect(read()).toEqual({
      home: join(folder, ".loom"),
      file: null,
      listen: {
        host: "127.0.0.1",
        port: 8080,
        chunkedRequests: null,
        bodyBytesMax: 33_554_432,
        uploadBytesMax: 1_073_741_824,
        bodyBytesInFlightMax: 536_870_912,
        exchangesMax: 10_000,
        headersTimeoutMs: 10_000,
        keepAliveTimeoutMs: 30_000,
        bodyTimeoutMs: 30_000,
        writeTimeoutMs: 30_000,
        exchangeTimeoutMs: 7_200_000,
        keepAliveCommentsMs: null,
        frontEnd: null,
      },
      capture: { bytesMax: 67_108_864, bytesInFlightMax: 268_435_456 },
      databaseUrl: null,
      masterKeys: null,
      masterKeysFile: null,
      ledgerKey: null,
      keys: { source: "local" },
      durability: "process",
      lanes: 1,
      processes: 1,
      logLevel: "info",
      log: { sampleRatio: 1, format: "auto" },
      metrics: { enabled: true, token: null },
      otel: {
        traces: null,
        metrics: null,
        sampler: { parent: "followed", ratio: 1 },
        slowMs: 10_000,
        captureContent: false,
        jaegerUrl: null,
        environment: { OTEL_SERVICE_NAME: new Secret("loom") },
      },
      upstream: {
        connectTimeoutMs: 5000,
        firstByteTimeoutMs: 600_000,
        idleTimeoutMs: 300_000,
        totalTimeoutMs: 3_600_000,
        connectionsPerTargetMax: 256,
        allowedHosts: [],
      },
      auth: { freshMs: 60_000, staleMaxMs: 86_400_000 },
      retentionDays: null,
      drainTimeoutMs: 30_000,
      providers: [],
      routes: {},
      defaultProvider: "mock",
      frontEndSha256: null,
    });
  });

  test("root's home is /var/lib/loom, everyone else's is beside the working directory", () => {
    expect(read({}, {}, 0).home).toBe("/var/lib/loom");
    expect(read({}, {}, null).home).toBe(join(folder, ".loom"));
    expect(read({ LOOM_HOME: "here" }, {}, 0).home).toBe(join(folder, "here"));
  });
});

describe("the environment", () => {
  const ofVault = (config: Config) => (config.keys.source === "vault" ? config.keys.vault : null);
  const vault = { LOOM_KEYS_SOURCE: "vault", LOOM_VAULT_ADDRESS: "http://v:1", LOOM_VAULT_TOKEN: "t" };
  type Seen = (config: Config) => unknown;
  const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" };
  const pushed = { ...collector, OTEL_METRICS_EXPORTER: "otlp" };
  const byRatio = { OTEL_TRACES_SAMPLER: "parentbased_traceidratio" };
  const sentAs =
    (name: string): Seen =>
    (config) =>
      config.otel.environment[name]?.reveal();
  const everyName: Record<string, [value: string, seen: Seen, expected: unknown, beside?: Record<string, string>]> = {
    LOOM_KEYS_SOURCE: ["vault", (config) => config.keys.source, "vault", vault],
    LOOM_VAULT_ADDRESS: ["https://v/", (config) => ofVault(config)?.address, "https://v", vault],
    LOOM_VAULT_TOKEN: ["s.1", (config) => ofVault(config)?.token?.reveal(), "s.1", vault],
    LOOM_VAULT_TOKEN_FILE: ["/t", (config) => ofVault(config)?.tokenFile, "/t", { ...vault, LOOM_VAULT_TOKEN: "" }],
    LOOM_VAULT_NAMESPACE: ["eu", (config) => ofVault(config)?.namespace, "eu", vault],
    LOOM_VAULT_MOUNT: ["kms/eu", (config) => ofVault(config)?.mount, "kms/eu", vault],
    LOOM_VAULT_KEY: ["k1", (config) => ofVault(config)?.key, "k1", vault],
    PORT: ["9000", (config) => config.listen.port, 9000],
    HOST: ["0.0.0.0", (config) => config.listen.host, "0.0.0.0"],
    LOOM_HOME: ["/srv/loom", (config) => config.home, "/srv/loom"],
    DATABASE_URL: ["postgres://u:p@h/d", (config) => config.databaseUrl?.reveal(), "postgres://u:p@h/d"],
    LOOM_DATABASE_URL: ["postgresql://h/d", (config) => config.databaseUrl?.reveal(), "postgresql://h/d"],
    OPENAI_API_KEY: ["sk-1", (config) => config.providers[0]?.credential?.reveal(), "sk-1"],
    OPENAI_BASE_URL: ["http://x:1/p/v1/", (config) => config.providers[0]?.baseUrl, "http://x:1/p/v1"],
    AZURE_OPENAI_ENDPOINT: [
      "https://r.openai.azure.com/",
      (config) => config.providers[0]?.baseUrl,
      "https://r.openai.azure.com",
    ],
    AZURE_OPENAI_API_KEY: ["az", (config) => config.providers[0]?.credential?.reveal(), "az"],
    AZURE_OPENAI_API_VERSION: ["2024-10-21", (config) => config.providers[0]?.apiVersion, "2024-10-21"],
    LOOM_MASTER_KEYS: [masterKeys, (config) => config.masterKeys?.reveal(), masterKeys],
    LOOM_LEDGER_KEY: ["a PEM", (config) => config.ledgerKey?.reveal(), "a PEM"],
    LOG_LEVEL: ["debug", (config) => config.logLevel, "debug"],
    LOOM_LOG_SAMPLE_RATIO: ["0.25", (config) => config.log.sampleRatio, 0.25],
    LOOM_LOG_FORMAT: ["pretty", (config) => config.log.format, "pretty"],
    LOOM_METRICS: ["false", (config) => config.metrics.enabled, false],
    LOOM_METRICS_TOKEN: ["m", (config) => config.metrics.token?.reveal(), "m"],
    OTEL_EXPORTER_OTLP_ENDPOINT: ["http://c:4318", (config) => config.otel.traces?.protocol, "http/protobuf"],
    OTEL_EXPORTER_OTLP_PROTOCOL: ["grpc", (config) => config.otel.traces?.protocol, "grpc", collector],
    OTEL_EXPORTER_OTLP_HEADERS: ["a=b", sentAs("OTEL_EXPORTER_OTLP_HEADERS"), "a=b"],
    OTEL_SERVICE_NAME: ["eu", sentAs("OTEL_SERVICE_NAME"), "eu"],
    OTEL_RESOURCE_ATTRIBUTES: ["a=b,c=d", sentAs("OTEL_RESOURCE_ATTRIBUTES"), "a=b,c=d"],
    OTEL_TRACES_EXPORTER: ["none", (config) => config.otel.traces, null, collector],
    OTEL_METRICS_EXPORTER: ["otlp", (config) => config.otel.metrics?.intervalMs, 60_000, collector],
    OTEL_METRIC_EXPORT_INTERVAL: ["5000", (config) => config.otel.metrics?.intervalMs, 5000, pushed],
    OTEL_TRACES_SAMPLER: ["always_off", (config) => config.otel.sampler, { parent: "ignored", ratio: 0 }],
    OTEL_TRACES_SAMPLER_ARG: ["0.1", (config) => config.otel.sampler.ratio, 0.1, byRatio],
    OTEL_SDK_DISABLED: ["true", (config) => config.otel.traces, null, collector],
    LOOM_OTEL_SLOW_MS: ["7", (config) => config.otel.slowMs, 7],
    LOOM_JAEGER_URL: ["http://localhost:16686/", (config) => config.otel.jaegerUrl, "http://localhost:16686"],
    LOOM_OTEL_CAPTURE_CONTENT: ["true", (config) => config.otel.captureContent, true],
    LOOM_DURABILITY: ["disk", (config) => config.durability, "disk"],
    LOOM_LANES: ["3", (config) => config.lanes, 3],
    LOOM_PROCESSES: ["4", (config) => config.processes, 4],
    LOOM_RETENTION_DAYS: ["90", (config) => config.retentionDays, 90],
    LOOM_DRAIN_TIMEOUT_MS: ["5", (config) => config.drainTimeoutMs, 5],
    LOOM_FRONT_END: ["node", (config) => config.listen.frontEnd, "node"],
    LOOM_FRONT_END_SHA256: ["A".repeat(64), (config) => config.frontEndSha256, "a".repeat(64)],
    LOOM_ALLOWED_HOSTS: ["10.0.0.1, ollama", (config) => config.upstream.allowedHosts, ["10.0.0.1", "ollama"]],
    LOOM_DEFAULT_PROVIDER: ["mock", (config) => config.defaultProvider, "mock"],
  };

  test("every name that Loom knows is tried below", () => {
    expect(Object.keys(everyName).sort()).toEqual(Object.keys(environmentNames).sort());
  });

  test.each(Object.entries(everyName))("%s is honoured", (name, [value, seen, expected, beside = {}]) => {
    expect(seen(read({ ...beside, [name]: value }))).toEqual(expected);
    expect(seen(read({ ...beside, [name]: ` ${value}\n` }))).toEqual(expected);
  });

  test.each(Object.keys(everyName))("%s counts as not set when it is empty", (name) => {
    expect(read({ [name]: "" })).toEqual(read());
  });

  test.each(Object.keys(everyName).filter((name) => environmentNames[name]?.secret))(
    "%s may come from a file",
    (name) => {
      const [value, seen, expected] = everyName[name]!;
      writeYaml(`${value}\n`, "secret");
      expect(seen(read({ [`${name}_FILE`]: "secret" }))).toEqual(expected);
      expect(faultsOf(() => read({ [`${name}_FILE`]: "nowhere" }))[0]?.where).toBe(`${name}_FILE`);
      expect(faultsOf(() => read({ [name]: value, [`${name}_FILE`]: "secret" }))[0]?.message).toMatch(/both set/);
    },
  );

  test("the more specific name of the database wins", () => {
    const env = { DATABASE_URL: "postgres://platform/a", LOOM_DATABASE_URL: "postgres://mine/b" };
    expect(read(env).databaseUrl?.reveal()).toBe("postgres://mine/b");
  });

  test.each([
    ["PORT", "80a"],
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["PORT", "1.5"],
    ["HOST", "http://x"],
    ["DATABASE_URL", "mysql://h/d"],
    ["OPENAI_BASE_URL", "api.openai.com"],
    ["OPENAI_BASE_URL", "https://u:p@api.openai.com/v1"],
    ["OPENAI_BASE_URL", "https://api.openai.com/v1?x=1"],
    ["AZURE_OPENAI_API_VERSION", "newest"],
    ["LOOM_MASTER_KEYS", "1:c2hvcnQ="],
    ["LOG_LEVEL", "loud"],
    ["LOOM_DURABILITY", "paper"],
    ["LOOM_LANES", "0"],
    ["LOOM_DRAIN_TIMEOUT_MS", "soon"],
    ["LOOM_FRONT_END", "uws"],
    ["LOOM_FRONT_END_SHA256", "abc"],
    ["LOOM_ALLOWED_HOSTS", "http://10.0.0.1"],
    ["LOOM_DEFAULT_PROVIDER", "opnai"],
  ])("%s=%s is a fault that names it and its fix", (name, value) => {
    const faults = faultsOf(() => read({ [name]: value }));
    expect(faults).toHaveLength(1);
    expect(faults[0]?.where).toBe(name);
    expect(faults[0]?.fix.length).toBeGreaterThan(5);
  });

  test.each([
    ["LOOM_LANE", "LOOM_LANES"],
    ["LOOM_DURABILTY", "LOOM_DURABILITY"],
    ["LOOM_MASTER_KEY", "LOOM_MASTER_KEYS"],
    ["LOOM_PORT", "PORT"],
    ["LOOM_OPENAI_API_KEY", "OPENAI_API_KEY"],
    ["LOOM_LOG_LEVEL", "LOG_LEVEL"],
  ])("an unknown %s suggests %s", (name, suggestion) => {
    expect(faultsOf(() => read({ [name]: "x" }))).toEqual([
      { where: name, message: "No setting has this name.", fix: `Did you mean ${suggestion}?` },
    ]);
  });

  test("an unknown name that is like none is to be removed", () => {
    expect(faultsOf(() => read({ LOOM_WEATHER: "fine" }))[0]?.fix).toBe("Remove it.");
  });

  test("what Kubernetes sets beside a Service named loom is not a fault", () => {
    const env = {
      LOOM_PORT: "tcp://10.0.0.1:8080",
      LOOM_SERVICE_HOST: "10.0.0.1",
      LOOM_SERVICE_PORT: "8080",
      LOOM_SERVICE_PORT_HTTP: "8080",
      LOOM_PORT_8080_TCP: "tcp://10.0.0.1:8080",
      LOOM_PORT_8080_TCP_ADDR: "10.0.0.1",
      LOOM_POSTGRES_SERVICE_HOST: "10.0.0.2",
      LOOM_POSTGRES_PORT: "tcp://10.0.0.2:5432",
    };
    expect(read(env)).toEqual(read());
  });
});

describe("precedence", () => {
  test("the command line wins over the environment, and the environment over loom.yaml", () => {
    const file = writeYaml("home: from-file\nlisten:\n  host: 10.0.0.1\n  port: 1\nlanes: 5\n");
    expect(read()).toMatchObject({ listen: { host: "10.0.0.1", port: 1 }, lanes: 5, file });
    expect(read({ PORT: "2" }).listen).toMatchObject({ host: "10.0.0.1", port: 2 });
    expect(read({ PORT: "2" }, { port: 3, host: "::1", home: "/h" })).toMatchObject({
      listen: { host: "::1", port: 3 },
      home: "/h",
    });
  });

  test("a home in loom.yaml starts at the file's own folder", () => {
    const file = writeYaml("home: below\n", "other.yaml");
    expect(readConfig({ env: {}, cwd: "/", uid: 1, overrides: { file } }).home).toBe(join(folder, "below"));
  });

  test("LOOM_CONFIG and --config name another file, and a missing one is a fault", () => {
    writeYaml("lanes: 7\n", "other.yaml");
    writeYaml("lanes: 8\n", "third.yaml");
    expect(read({ [configFileName]: "other.yaml" }).lanes).toBe(7);
    expect(read({ [configFileName]: "other.yaml" }, { file: "third.yaml" }).lanes).toBe(8);
    expect(faultsOf(() => read({ [configFileName]: "missing.yaml" }))[0]).toMatchObject({
      where: join(folder, "missing.yaml"),
      message: "The file cannot be read (ENOENT).",
    });
  });
});

describe("faults", () => {
  test("all of them are reported together, from every source", () => {
    writeYaml("listen:\n  prot: 1\nproviders:\n  groq:\n    apiKey: ${NOT_THERE}\n");
    const faults = faultsOf(() => read({ PORT: "x", LOOM_LANE: "1", LOOM_DEFAULT_PROVIDER: "grok" }, { host: "a b" }));
    expect(faults.map((fault) => fault.where)).toEqual([
      "loom.yaml:2 listen.prot",
      "loom.yaml:5",
      "LOOM_LANE",
      "PORT",
      "--host",
      "loom.yaml:4 providers.groq",
      "LOOM_DEFAULT_PROVIDER",
    ]);
  });

  test("the error's text has one line a fault", () => {
    expect(() => read({ PORT: "x", LOOM_LANES: "y" })).toThrow(
      /^The configuration has 2 faults:\n {2}PORT: .+\n {2}LOOM_LANES: .+$/,
    );
  });

  test("limits that contradict each other are a fault", () => {
    writeYaml("auth:\n  freshMs: 10\n  staleMaxMs: 5\n");
    expect(faultsOf(read)).toEqual([
      {
        where: "loom.yaml:3 auth.staleMaxMs",
        message: "auth.staleMaxMs is smaller than auth.freshMs.",
        fix: "Give at least 10.",
      },
    ]);
  });

  test("no fault repeats a secret", () => {
    writeYaml(
      "database:\n  url: mysql://u:hush@h\nmasterKeys: 1:hush\nproviders:\n  a:\n    baseUrl: https://u:hush@h\n    apiKey: [hush]\n",
    );
    const env = { DATABASE_URL: "hush", LOOM_MASTER_KEYS: "hush", OPENAI_BASE_URL: "http://hush@x" };
    const faults = faultsOf(() => read(env));
    expect(faults).toHaveLength(7);
    expect(JSON.stringify(faults)).not.toContain("hush");
  });
});

describe("the result", () => {
  const secrets = {
    DATABASE_URL: "postgres://u:hush@h/d",
    OPENAI_API_KEY: "hush",
    AZURE_OPENAI_API_KEY: "hush",
    LOOM_MASTER_KEYS: masterKeys,
  };

  test("is frozen all the way down", () => {
    writeYaml("routes:\n  fast: [mock/echo]\nproviders:\n  a:\n    baseUrl: http://x\n    deployments: {m: d}\n");
    const open: string[] = [];
    const walk = (value: unknown, path: string): void => {
      if (typeof value !== "object" || value === null) return;
      if (!Object.isFrozen(value)) open.push(path);
      for (const [name, inner] of Object.entries(value)) walk(inner, `${path}.${name}`);
    };
    walk(read(secrets), "config");
    expect(open).toEqual([]);
  });

  test("shows no secret when it is printed, inspected or serialised", () => {
    const config = read(secrets);
    const shown = [printConfig(config), printConfig(config, "json"), inspect(config, { depth: 9, showHidden: true })];
    for (const text of [...shown, JSON.stringify(config), String(config.databaseUrl)]) {
      expect(text).not.toContain("hush");
      expect(text).not.toContain(masterKeys.slice(2, 12));
      expect(text).toContain("[secret]");
    }
  });
});
