// Where a page of a list ends: the time of its last row to the microsecond, and that row's id. Opaque to clients, but
// an ISO timestamp is taken as well.
import { LoomError } from "../errors/loom-error.js";
import { readAbsoluteTime } from "./time-span.js";

/** `micros`: unix time in µs, as text. `id` is null for a bare time: everything before it. */
export type Cursor = { readonly micros: string; readonly id: string | null };

const form = /^(\d{1,17})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

export function writeCursor(cursor: { readonly micros: string; readonly id: string }): string {
  return Buffer.from(`${cursor.micros}.${cursor.id}`).toString("base64url");
}

/** @throws LoomError `bad_request` */
export function readCursor(text: string): Cursor {
  const [, micros, id] = form.exec(Buffer.from(text, "base64url").toString("latin1")) ?? [];
  if (micros !== undefined && id !== undefined) return { micros, id };
  const atMs = readAbsoluteTime(text);
  if (atMs === null)
    throw new LoomError("bad_request", { message: "The cursor is none that a list has given.", param: "cursor" });
  return { micros: String(Math.floor(atMs) * 1000 + microsOf(text)), id: null };
}

/** The digits of an ISO time behind the milliseconds. */
function microsOf(text: string): number {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  return Number(fraction.padEnd(6, "0").slice(3, 6));
}

/** An ISO time with microseconds, which is what the database keeps. */
export function isoOfMicros(micros: string): string {
  const atMs = Math.floor(Number(micros) / 1000);
  return `${new Date(atMs).toISOString().slice(0, -1)}${micros.slice(-3).padStart(3, "0")}Z`;
}
