// The dashboard's built files, from memory: read once at the start, compressed once, sent with headers that let a
// browser keep them, and with a policy under which a page can load and run nothing but them.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Exchange, HeaderList } from "../listen/exchange.js";
import { type Coding, takes } from "./accepted-coding.js";

type StaticFile = {
  readonly bytes: Buffer;
  readonly headers: HeaderList;
  readonly etag: string;
  readonly coded: Map<Coding, Buffer>;
};

const root = "/dashboard/";
const compressBytesMin = 1024;
const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
};
const packed = new Set([".png", ".ico", ".woff2"]);

/** Scripts, styles and calls of this origin only; images also from data the page has; nothing inline, no frames. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const guards: HeaderList = [
  ["content-security-policy", policy],
  ["x-content-type-options", "nosniff"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-opener-policy", "same-origin"],
  ["cross-origin-resource-policy", "same-origin"],
  ["permissions-policy", "camera=(), geolocation=(), microphone=()"],
];

const missingPage =
  "<!doctype html><title>Loom</title><p>The dashboard is not built. Build it with <code>npm run build</code>.";

export class DashboardFiles {
  readonly #files: ReadonlyMap<string, StaticFile>;
  #state: "plain" | "compressed" = "plain";

  /** Takes what is in `folder`; nothing when it is not there. */
  constructor(folder: string) {
    this.#files = new Map(existsSync(folder) ? readFiles(folder) : []);
  }

  get count(): number {
    return this.#files.size;
  }

  serve({ path, headers, reply }: Exchange): void {
    if (path === "/dashboard") {
      reply.send(308, [["location", root], ...guards], "");
      return;
    }
    // Not at the start, which is fast: whoever never looks at the dashboard does not pay for it.
    if (this.#state === "plain") void this.#compress();
    const name = path.slice(root.length);
    const file = this.#files.get(name) ?? (isPage(name) ? this.#files.get("index.html") : undefined);
    if (file === undefined) {
      const html: HeaderList = [["content-type", "text/html; charset=utf-8"], ["cache-control", "no-store"], ...guards];
      reply.send(404, html, this.#files.size === 0 ? missingPage : "<!doctype html><title>Loom</title><p>Not found.");
      return;
    }
    if (headers.get("if-none-match") === file.etag) {
      reply.send(304, [["etag", file.etag], ...file.headers.filter(([header]) => header !== "content-type")], "");
      return;
    }
    const coding = chooseCoding(headers.get("accept-encoding") ?? "", file);
    const coded: HeaderList = coding === null ? [] : [["content-encoding", coding]];
    const bytes = coding === null ? file.bytes : (file.coded.get(coding) ?? file.bytes);
    reply.send(200, [...file.headers, ...coded, ["vary", "accept-encoding"], ["etag", file.etag]], bytes);
  }

  /** Gives every file its compressed forms, once. */
  async #compress(): Promise<void> {
    this.#state = "compressed";
    for (const [name, { bytes, coded }] of this.#files) {
      if (bytes.length < compressBytesMin || packed.has(extname(name))) continue;
      const size = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      const forms: [Coding, () => Promise<Buffer>][] = [
        ["gzip", () => promisify(gzip)(bytes, { level: 9 })],
        ["br", () => promisify(brotliCompress)(bytes, { params: size })],
      ];
      for (const [coding, make] of forms) if (!coded.has(coding)) coded.set(coding, await make());
    }
  }
}

/** A path of the single page: one that is no file by its name. */
function isPage(name: string): boolean {
  return !name.startsWith("assets/") && extname(name) === "";
}

function chooseCoding(accepted: string, { coded }: StaticFile): Coding | null {
  return (["br", "gzip"] as const).find((coding) => coded.has(coding) && takes(accepted, coding)) ?? null;
}

function* readFiles(folder: string): Generator<[string, StaticFile]> {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || /\.(br|gz|map)$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join("/");
    const bytes = readFileSync(path);
    const coded = new Map<Coding, Buffer>();
    // A build may bring the compressed forms along.
    for (const [coding, ending] of [
      ["br", ".br"],
      ["gzip", ".gz"],
    ] as const) {
      if (existsSync(path + ending)) coded.set(coding, readFileSync(path + ending));
    }
    const isNamedByContent = name.startsWith("assets/");
    yield [
      name,
      {
        bytes,
        coded,
        etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
        headers: [
          ["content-type", contentTypes[extname(name)] ?? "application/octet-stream"],
          ["cache-control", isNamedByContent ? "public, max-age=31536000, immutable" : "no-cache"],
          ...guards,
        ],
      },
    ];
  }
}
