// Which content codings a client takes (RFC 9110, section 12.5.3), as far as Loom has them.

export type Coding = "br" | "gzip";

/** Whether `accept-encoding` names the coding, and not with `q=0`. Loom never takes `*` for a coding. */
export function takes(accepted: string, coding: Coding): boolean {
  const named = new RegExp(`^${coding}(?!.*;\\s*q=0(\\.0*)?$)`);
  return accepted.split(",").some((entry) => named.test(entry.trim()));
}
