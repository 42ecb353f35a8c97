// Single acts on a segment's file, shared by whoever makes, fills or lets go of one.
import type { Segment } from "./exchange-index.js";
import type { SpoolFiles } from "./spool-files.js";

export function segmentName(number: number): string {
  return `${String(number).padStart(10, "0")}.seg`;
}

/** A frame that needs more of a segment than this gets one of its own. */
export function dedicatedFrom(segmentBytes: number): number {
  return segmentBytes / 16;
}

/** Writes all of `bytes`; a short write is gone on with. Throws what the file system throws. */
export function writeFully(files: SpoolFiles, file: number, bytes: Uint8Array, at: number): void {
  let from = 0;
  while (from < bytes.length) {
    const written = files.write(file, bytes, from, bytes.length - from, at + from);
    if (written === 0) throw new Error("the disk took no byte");
    from += written;
  }
}

/** Closes and deletes a segment; a damaged one is kept under another name. Throws what the file system throws. */
export function letGoOf(files: SpoolFiles, segment: Segment): void {
  files.close(segment.file);
  if (segment.condition === "damaged") files.rename(segment.path, `${segment.path}.damaged`);
  else files.remove(segment.path);
}
