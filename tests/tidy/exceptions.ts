// The frozen lists of the tidy tests. They may only shrink: an entry that is no longer needed fails the test.
import type { Frozen } from "./rules/sizes.js";

/** Path -> lines, for files above the bound. */
export const longFiles: Frozen = {};

/** `path name` -> lines, for functions above the bound. */
export const longFunctions: Frozen = {};

/** Source -> the test that covers it, where a pure unit test would prove nothing. */
export const coveredElsewhere: Readonly<Record<string, string>> = {};
