// Whether this Loom has a durability at all: its scenarios are skipped, with a word, where it has not.
import { fileSchema } from "../../../src/config/config-schema.js";
import type { Durability } from "../../../src/trace/lane-messages.js";

export function isOffered(durability: Durability): boolean {
  return fileSchema.safeParse({ durability }).success;
}
