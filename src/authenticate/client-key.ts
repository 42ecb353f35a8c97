// The client's key: where it may stand in a request, and what it looks like.
import { hash } from "node:crypto";
import { LoomError } from "../errors/loom-error.js";

/** `sk-loom-<public id>-<secret>`. */
const keyPattern = /^sk-loom-[0-9A-Za-z]{1,64}-[0-9A-Za-z]{16,128}$/;
const bearerPattern = /^bearer +/i;

/**
 * The key of a request, from `Authorization: Bearer`, `x-api-key`, `api-key` or `x-goog-api-key`, in this order.
 * Throws LoomError `missing_api_key`, or `invalid_api_key` for what cannot be a key of Loom.
 */
export function readClientKey(headers: ReadonlyMap<string, string>): string {
  const authorization = headers.get("authorization");
  const bearer =
    authorization !== undefined && bearerPattern.test(authorization) ? authorization.replace(bearerPattern, "") : null;
  const key = (
    bearer ??
    headers.get("x-api-key") ??
    headers.get("api-key") ??
    headers.get("x-goog-api-key") ??
    ""
  ).trim();
  if (key === "") throw new LoomError("missing_api_key");
  if (!keyPattern.test(key)) throw new LoomError("invalid_api_key");
  return key;
}

/** SHA-256 of the whole key, hex. Caches and tables hold this, never the key or a part of it. */
export function hashClientKey(key: string): string {
  return hash("sha256", key, "hex");
}
