// The schema of loom.yaml. The environment is held to the same fields, so each setting is described exactly once.
// An `error` text here is the fix that a fault shows: it completes "Give ...".
import { z } from "zod";
import { providerOf } from "../providers/provider-table.js";
import type { Durability } from "../trace/lane-messages.js";
import { type LogLevel, providerKinds } from "./config.js";
import { captureSection, listenSection } from "./listen-schema.js";
import { findMasterKeysFault } from "./master-key-form.js";
import {
  dayMs,
  hostNames,
  isPlainHttpUrl,
  oneOf,
  section,
  text,
  upperFirst,
  wholeNumber,
  wholeNumberOrAuto,
  yesOrNo,
} from "./schema-fields.js";
import { logFields, metricsFields, otelFields } from "./telemetry-schema.js";

const durabilities = ["memory", "process", "disk"] as const satisfies Durability[];
const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const satisfies LogLevel[];

function vaultName(what: string) {
  return z
    .string(`${what}, as text.`)
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/,
      "letters, digits, dots, dashes, underscores and single slashes.",
    )
    .optional()
    .meta({ description: upperFirst(what) });
}

const baseUrl = z
  .string("a URL, as text.")
  .refine(isPlainHttpUrl, "a URL that begins with http:// or https:// and has no user, password, query or fragment.")
  .optional()
  .meta({ description: "Origin and base path of the provider, such as https://api.openai.com/v1" });

/** Providers that every gateway brings along. */
const builtInNames: readonly string[] = providerKinds.filter((kind) => providerOf(kind).isBuiltIn);

export const providerName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "a name of letters, digits, dots, dashes and underscores.")
  .refine((name) => !builtInNames.includes(name), "another name; this provider is built in.");

const apiVersionForm = /^(\d{4}-\d{2}-\d{2}(-preview)?|v1|preview|latest)$/;

export const providerSchema = z.strictObject(
  {
    kind: oneOf(providerKinds, "the protocol that the provider speaks; the provider's name when that is a kind"),
    baseUrl,
    apiKey: text("the provider's key; best as a reference such as ${OPENAI_API_KEY}"),
    auth: oneOf(["bearer", "api-key", "none"], "how the key is sent"),
    apiVersion: z
      .string("a version, as text.")
      .regex(apiVersionForm, "a dated version such as 2024-10-21, or v1.")
      .optional()
      .meta({ description: "Azure: a dated version takes the classic deployment paths, v1 or nothing the v1 paths" }),
    deployments: z
      .record(z.string(), z.string("a deployment name, as text."), "a section of model: deployment.")
      .optional()
      .meta({ description: "Azure: model name to deployment name, where they differ" }),
    trusted: yesOrNo("whether it is your own or trusted, so that it gets a traceparent"),
  },
  "a section with the fields kind, baseUrl, apiKey, auth, apiVersion, deployments, trusted.",
);

/** An ordered list's element: `provider/model`. */
export const targetForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\/\S+$/;
const targetFix = "`provider/model`, or a list of them in the order in which they are tried.";
const target = z.string().regex(targetForm, targetFix);

const masterKeysFix = "version:base64 entries of 32 bytes, newest first; make one with: openssl rand -base64 32.";

/** Everything that loom.yaml may hold. Every field may be left out. */
export const fileSchema = z
  .strictObject(
    {
      home: text("the folder of Loom's own files, relative to loom.yaml"),
      listen: listenSection,
      database: section(
        {
          url: z
            .string("a URL, as text.")
            .regex(/^postgres(ql)?:\/\/\S+$/, "a URL such as postgres://user:password@host:5432/loom.")
            .optional()
            .meta({ description: "Your PostgreSQL; the embedded server when left out" }),
        },
        "Where traces are kept",
      ),
      masterKeys: z
        .string(masterKeysFix)
        .refine((value) => findMasterKeysFault(value) === null, {
          error: ({ input }) => `${masterKeysFix} ${findMasterKeysFault(String(input)) ?? ""}`.trim(),
        })
        .optional()
        .meta({ description: "version:base64 entries, newest first; a file in `home` when left out" }),
      ledgerKey: text("an Ed25519 private key in PKCS 8 PEM that signs the ledger; a file in `home` when left out"),
      keys: section(
        {
          source: oneOf(["local", "vault"], "who wraps the master keys: nobody, or the transit engine of a Vault"),
          vault: section(
            {
              address: z
                .string("a URL, as text.")
                .refine(isPlainHttpUrl, "a URL such as https://vault.example:8200, without user, password or query.")
                .optional()
                .meta({ description: "Where Vault is" }),
              token: text("the token; best as a reference such as ${VAULT_TOKEN}"),
              tokenFile: z
                .string("a path, as text.")
                .regex(/^\//, "an absolute path.")
                .optional()
                .meta({ description: "A file that holds the token and may be replaced while the gateway runs" }),
              namespace: text("the namespace, where Vault has them"),
              mount: vaultName("where the transit engine is mounted; transit when left out"),
              key: vaultName("the name of the transit key; loom when left out"),
            },
            "The Vault that wraps the master keys",
          ),
        },
        "Where the master keys come from",
      ),
      capture: captureSection,
      durability: oneOf(durabilities, "what a request waits for before it is forwarded"),
      lanes: wholeNumber(1, 64, "how many worker threads of a process record"),
      processes: wholeNumberOrAuto(1, 64, "how many gateway processes share the port; auto is one a core"),
      logLevel: oneOf(logLevels, "how much is logged"),
      log: section(logFields, "The log"),
      metrics: section(metricsFields, "What /metrics shows"),
      otel: section(otelFields, "Spans and metrics for an OpenTelemetry collector"),
      upstream: section(
        {
          connectTimeoutMs: wholeNumber(1, dayMs, "the longest wait for a connection in ms"),
          firstByteTimeoutMs: wholeNumber(1, dayMs, "the longest wait for the first byte of an answer in ms"),
          idleTimeoutMs: wholeNumber(1, dayMs, "the longest silence within an answer in ms"),
          totalTimeoutMs: wholeNumber(1, dayMs, "the longest time of one attempt in ms"),
          connectionsPerTargetMax: wholeNumber(1, 65_535, "the most connections to one target"),
          allowedHosts: hostNames("hosts that tenants may name in a base URL although they are not public"),
        },
        "How providers are called",
      ),
      auth: section(
        {
          freshMs: wholeNumber(0, dayMs, "how long a cached key is believed in ms"),
          staleMaxMs: wholeNumber(0, 30 * dayMs, "how long a known key is served while the database is away in ms"),
        },
        "How client keys are checked",
      ),
      retention: section(
        { days: wholeNumber(1, 36_500, "how many days traces are kept at least; for ever when left out") },
        "How long traces are kept",
      ),
      drainTimeoutMs: wholeNumber(0, dayMs, "how long SIGTERM lets open requests run in ms"),
      providers: z
        .record(providerName, providerSchema, "a section of provider names.")
        .optional()
        .meta({ description: "Providers for every tenant that has no settings of its own" }),
      routes: z
        .record(z.string(), z.union([target, z.array(target).min(1)], targetFix), "a section of alias: target.")
        .optional()
        .meta({ description: "Aliases: model name to `provider/model` targets in order" }),
      defaultProvider: text("the provider of a bare model name"),
    },
    "a section of settings; `loom config schema` lists them.",
  )
  .meta({ title: "loom.yaml", description: "Settings of the Loom gateway" });

export type FileSettings = z.output<typeof fileSchema>;
export type ProviderEntry = z.output<typeof providerSchema>;
