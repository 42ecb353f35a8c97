// Finds uWebSockets.js's native addon, checks it against pinned hashes, and loads it: as published where the
// system's libc allows, as a compatible copy on glibc 2.36 and 2.37 (Debian 12). Whatever stands in the way is
// one AddonUnavailable that says what to do.

import type * as uws from "uWebSockets.js";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { compatibleAddonHashes, publishedAddonHashes } from "./addon-hashes.js";
import { makeCompatibleCopy } from "./compatible-copy.js";

/** The addon's own functions; the JavaScript around them in the package is not used. */
export type NativeAddon = Pick<typeof uws, "App" | "us_listen_socket_close" | "us_socket_local_port">;

export type LoadedAddon = {
  readonly addon: NativeAddon;
  /** For the banner, such as `uWebSockets.js 20.57.0 (compatible copy for glibc 2.36)`. */
  readonly description: string;
};

/** Why the front end cannot run here, and what to do about it. */
export class AddonUnavailable extends Error {
  /** One sentence. */
  readonly reason: string;

  constructor(reason: string, remedy: string, cause?: unknown) {
    super(`The uWebSockets.js front end cannot be loaded: ${reason}\n  ${remedy}`, { cause });
    this.name = "AddonUnavailable";
    this.reason = reason;
  }
}

const version = "20.57.0";
const otherSystems =
  "Run Loom on Debian 12 or newer (glibc 2.36+) with Node 20, 22 or 24 on x64, or in its Docker image.";

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** `[2, 36]` on glibc, null on musl and on systems without a libc of that name. */
function readGlibcVersion(): readonly [number, number] | null {
  const report = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  const match = /^(\d+)\.(\d+)/.exec(report.header.glibcVersionRuntime ?? "");
  return match === null ? null : [Number(match[1]), Number(match[2])];
}

function findPackageFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve("uWebSockets.js"));
  } catch (cause) {
    throw new AddonUnavailable("the package uWebSockets.js is not installed.", "Run `npm ci`.", cause);
  }
}

function openAddon(path: string): NativeAddon {
  try {
    return createRequire(import.meta.url)(path) as NativeAddon;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AddonUnavailable(`${path} was refused by the system (${reason}).`, otherSystems, cause);
  }
}

/** Puts the compatible copy into `folder` unless the right one is there, and gives its path. */
function keepCompatibleCopy(name: string, published: Buffer, folder: string): string {
  const expected = compatibleAddonHashes[name];
  if (expected === undefined) {
    throw new AddonUnavailable(`there is no compatible copy of ${name} for this version of glibc.`, otherSystems);
  }
  const path = join(folder, name);
  if (existsSync(path) && sha256(readFileSync(path)) === expected) return path;
  const copy = makeCompatibleCopy(published);
  if (sha256(copy) !== expected) {
    throw new AddonUnavailable("the compatible copy does not have its pinned hash.", "Run `npm ci` again.");
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, copy, { mode: 0o600 });
  chmodSync(unfinished, 0o500);
  renameSync(unfinished, path);
  return path;
}

export type AddonOptions = {
  /** Where the compatible copy is kept. */
  readonly home: string;
  /** A further SHA-256 that the operator accepts, for an official build put in the package's place. */
  readonly acceptedSha256: string | null;
  /** Bound of a request's header block; the addon reads it once, when it is loaded. */
  readonly headerBytesMax: number;
};

/** Loads the front end. Throws AddonUnavailable. */
export function loadAddon(options: AddonOptions): LoadedAddon {
  const name = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
  const source = join(findPackageFolder(), name);
  if (!existsSync(source)) {
    throw new AddonUnavailable(
      `no build for ${process.platform} ${process.arch} with Node ${process.version}.`,
      otherSystems,
    );
  }
  const published = readFileSync(source);
  const hash = sha256(published);
  const accepted = hash === options.acceptedSha256;
  if (hash !== publishedAddonHashes[name] && !accepted) {
    throw new AddonUnavailable(
      `${source} has the unknown SHA-256 ${hash}.`,
      "Run `npm ci` to restore it; if you put your own build there, set LOOM_FRONT_END_SHA256 to that hash.",
    );
  }
  // The addon asks the C library's environment, which assignments to process.env reach, when it is loaded.
  process.env["UWS_HTTP_MAX_HEADERS_SIZE"] = String(options.headerBytesMax);
  const title = `uWebSockets.js ${accepted ? "(own build)" : version}`;
  if (process.platform !== "linux" || accepted) return { addon: openAddon(source), description: title };

  const glibc = readGlibcVersion();
  if (glibc === null) throw new AddonUnavailable("this system has no glibc (musl?).", otherSystems);
  const [major, minor] = glibc;
  if (major > 2 || minor >= 38) return { addon: openAddon(source), description: title };
  if (minor < 36) throw new AddonUnavailable(`glibc ${major}.${minor} is too old.`, otherSystems);
  const copy = keepCompatibleCopy(name, published, join(options.home, "front-end"));
  return { addon: openAddon(copy), description: `${title} (compatible copy for glibc ${major}.${minor})` };
}
