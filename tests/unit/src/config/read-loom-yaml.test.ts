import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigFaults } from "../../../../src/config/config-faults.js";
import { expandReferences } from "../../../../src/config/expand-references.js";
import { readConfig } from "../../../../src/config/read-config.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loom-config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(yaml: string, env: Record<string, string> = {}) {
  writeFileSync(join(folder, "loom.yaml"), yaml);
  return readConfig({ env, cwd: folder, uid: 1, cores: 2 });
}

function faultsOf(yaml: string, env: Record<string, string> = {}): string[] {
  try {
    read(yaml, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigFaults)
      return error.faults.map(({ where, message, fix }) => `${where}: ${message} ${fix}`);
    throw error;
  }
}

test("every setting of the file is honoured", () => {
  const config = read(`
home: h
listen: {host: 0.0.0.0, port: 0, chunkedRequests: accept, bodyBytesMax: 1000, uploadBytesMax: 2000,
  bodyBytesInFlightMax: 3000, exchangesMax: 10, headersTimeoutMs: 11, keepAliveTimeoutMs: 12, bodyTimeoutMs: 13,
  writeTimeoutMs: 14, exchangeTimeoutMs: 15, keepAliveCommentsMs: 16, frontEnd: node, frontEndSha256: ${"b".repeat(64)}}
capture: {bytesMax: 17, bytesInFlightMax: 65536}
database: {url: "postgres://h/d"}
ledgerKey: hush
masterKeys: 2:${Buffer.alloc(32, 2).toString("base64")},1:${Buffer.alloc(32, 1).toString("base64")}
keys: {source: local}
durability: memory
processes: 2
lanes: 3
logLevel: silent
log: {sampleRatio: 0.5, format: json}
metrics: {enabled: false, token: hush}
otel: {endpoint: "http://c:4318", protocol: grpc, headers: "a=hush", serviceName: s, resourceAttributes: "a=b", traces: otlp, metrics: otlp, metricsIntervalMs: 1000, sampler: traceidratio, sampleRatio: 0.5, slowMs: 10, captureContent: true, jaegerUrl: "https://j/", disabled: false}
upstream: {connectTimeoutMs: 1, firstByteTimeoutMs: 2, idleTimeoutMs: 3, totalTimeoutMs: 4, connectionsPerTargetMax: 5, allowedHosts: [10.0.0.1]}
auth: {freshMs: 6, staleMaxMs: 7}
retention: {days: 9}
drainTimeoutMs: 8
defaultProvider: mock
`);
  expect(JSON.parse(JSON.stringify(config))).toEqual({
    home: join(folder, "h"),
    file: join(folder, "loom.yaml"),
    listen: {
      host: "0.0.0.0",
      port: 0,
      chunkedRequests: "accept",
      bodyBytesMax: 1000,
      uploadBytesMax: 2000,
      bodyBytesInFlightMax: 3000,
      exchangesMax: 10,
      headersTimeoutMs: 11,
      keepAliveTimeoutMs: 12,
      bodyTimeoutMs: 13,
      writeTimeoutMs: 14,
      exchangeTimeoutMs: 15,
      keepAliveCommentsMs: 16,
      frontEnd: "node",
    },
    capture: { bytesMax: 17, bytesInFlightMax: 65_536 },
    databaseUrl: "[secret]",
    masterKeys: "[secret]",
    masterKeysFile: null,
    ledgerKey: "[secret]",
    keys: { source: "local" },
    durability: "memory",
    processes: 2,
    lanes: 3,
    logLevel: "silent",
    log: { sampleRatio: 0.5, format: "json" },
    metrics: { enabled: false, token: "[secret]" },
    otel: {
      traces: { protocol: "grpc" },
      metrics: { protocol: "grpc", intervalMs: 1000 },
      sampler: { parent: "ignored", ratio: 0.5 },
      slowMs: 10,
      captureContent: true,
      jaegerUrl: "https://j",
      environment: {
        OTEL_EXPORTER_OTLP_ENDPOINT: "[secret]",
        OTEL_EXPORTER_OTLP_HEADERS: "[secret]",
        OTEL_RESOURCE_ATTRIBUTES: "[secret]",
        OTEL_SERVICE_NAME: "[secret]",
      },
    },
    upstream: {
      connectTimeoutMs: 1,
      firstByteTimeoutMs: 2,
      idleTimeoutMs: 3,
      totalTimeoutMs: 4,
      connectionsPerTargetMax: 5,
      allowedHosts: ["10.0.0.1"],
    },
    auth: { freshMs: 6, staleMaxMs: 7 },
    retentionDays: 9,
    drainTimeoutMs: 8,
    providers: [],
    routes: {},
    defaultProvider: "mock",
    frontEndSha256: "b".repeat(64),
  });
});

test("a setting that the native front end does not have is a fault", () => {
  expect(faultsOf("listen:\n  keepAliveTimeoutMs: 1000\n")).toEqual([
    "loom.yaml:2 listen.keepAliveTimeoutMs: The native front end has a fixed time of about 30 seconds for this. Remove it, or set listen.frontEnd to node.",
  ]);
});

describe("faults name the line", () => {
  test("of a value that does not fit", () => {
    expect(faultsOf("lanes: 2\n\nlisten:\n  host: x\n  port: many\n")).toEqual([
      'loom.yaml:5 listen.port: "many" does not fit. Give the port to listen on: a whole number from 0 to 65535.',
    ]);
  });

  test("of an unknown field, with what it may have meant", () => {
    const yaml = "databse:\n  url: x\nupstream:\n  idleTimeout: 1\nproviders:\n  a:\n    baseURL: http://x\n";
    expect(faultsOf(yaml)).toEqual([
      "loom.yaml:1 databse: There is no such field. Did you mean database?",
      "loom.yaml:4 upstream.idleTimeout: There is no such field. Did you mean idleTimeoutMs?",
      "loom.yaml:7 providers.a.baseURL: There is no such field. Did you mean baseUrl?",
    ]);
  });

  test("of text that is not YAML at all", () => {
    const faults = faultsOf("lanes: 2\nlisten: [1\n");
    expect(faults[0]).toMatch(/^loom\.yaml:[23]: This is not valid YAML/);
    expect(faultsOf("lanes: 1\nlanes: 2\n")[0]).toMatch(/^loom\.yaml:2: .*unique/);
    expect(faultsOf("- a\n- b\n")[0]).toMatch(/^loom\.yaml:1: This is not a list of settings/);
  });

  test("of a target in a list", () => {
    expect(faultsOf("routes:\n  fast:\n    - mock/echo\n    - gpt-4o\n")[0]).toMatch(/^loom\.yaml:4 routes\.fast/);
    expect(faultsOf("routes:\n  fast: []\n")[0]).toMatch(/^loom\.yaml:2 routes\.fast/);
  });
});

test("an empty file and empty sections are the defaults", () => {
  for (const yaml of ["", "# nothing\n", "listen:\ndatabase:\n  url:\nproviders:\nhome: ''\n"]) {
    expect(read(yaml)).toEqual({ ...read(""), file: join(folder, "loom.yaml") });
  }
});

describe("references", () => {
  test("work for text and for numbers, in lists and inside a longer text", () => {
    const yaml =
      "listen:\n  port: ${P}\nlanes: ${LANES:-4}\nroutes:\n  fast: ['${WHO}/echo']\nlogLevel: ${LEVEL:-warn}\n";
    expect(read(yaml, { P: "81", WHO: "mock" })).toMatchObject({
      listen: { port: 81 },
      lanes: 4,
      routes: { fast: ["mock/echo"] },
      logLevel: "warn",
    });
  });

  test("become secrets where a secret stands", () => {
    const config = read("providers:\n  a:\n    baseUrl: http://x\n    apiKey: ${KEY}\n", { KEY: "12345" });
    expect(config.providers[0]?.credential?.reveal()).toBe("12345");
  });

  test("to nothing are a fault with the line, all at once", () => {
    expect(faultsOf("home: ${A}\nlogLevel: ${B}\n", { B: " " })).toEqual([
      "loom.yaml:1: refers to A, which is not set. Set A in the environment, or write ${A:-default}.",
      "loom.yaml:2: refers to B, which is not set. Set B in the environment, or write ${B:-default}.",
    ]);
  });

  test("with an empty default leave the setting out", () => {
    expect(read("database:\n  url: ${NONE:-}\n").databaseUrl).toBeNull();
  });

  test("in comments and in names are left alone", () => {
    expect(faultsOf("# ${NOT_SET}\nlanes: 1\n")).toEqual([]);
  });

  test("are not expanded twice", () => {
    expect(expandReferences("${A}", { A: "${B}" })).toEqual({ value: "${B}", problems: [] });
  });

  test.each([
    ["$${A} and ${A}", "${A} and 1"],
    ["${A}${A}", "11"],
    ["${B:-x:-y}", "x:-y"],
    ["${A:-other}", "1"],
    ["$A $ {A} $", "$A $ {A} $"],
  ])("%s becomes %s", (text, value) => {
    expect(expandReferences(text, { A: "1" })).toEqual({ value, problems: [] });
  });

  test.each(["${", "${A", "${1A}", "${}", "${A:?stop}", "${A-x}"])("%s is no reference, and a fault", (text) => {
    expect(expandReferences(text, { A: "1" }).problems).toHaveLength(1);
  });
});
