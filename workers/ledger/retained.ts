// Rows that are gone because a retention run says so, and no others: the events of the runs, which stand in the signed
// chain of audit events, allow for rows of their time, and for no more of them than they dropped.

type Dropped = { readonly fromMs: number; readonly toMs: number; readonly rows: number; gone: number };

export class Retained {
  readonly #dropped: Dropped[] = [];
  #deadBeforeMs = Number.NEGATIVE_INFINITY;

  /** Takes the events of retention runs; others are let pass. */
  note(action: string | null, details: string | null): void {
    if (action !== "retention.drop" && action !== "retention.delete") return;
    const said = JSON.parse(details ?? "{}") as { from?: string; to?: string; rows?: number; before?: string };
    if (action === "retention.delete") {
      this.#deadBeforeMs = Math.max(this.#deadBeforeMs, Date.parse(said.before ?? ""));
      return;
    }
    const [fromMs, toMs] = [Date.parse(said.from ?? ""), Date.parse(said.to ?? "")];
    if (fromMs < toMs) this.#dropped.push({ fromMs, toMs, rows: said.rows ?? 0, gone: 0 });
  }

  /** Whether a row that began between the two times may be gone. Counts it, so ask once a row. */
  allows(firstAtMs: number | null, lastAtMs: number | null): boolean {
    if (firstAtMs === null || lastAtMs === null) return false;
    const found = this.#dropped.find(
      ({ fromMs, toMs, rows, gone }) => gone < rows && firstAtMs < toMs && lastAtMs >= fromMs,
    );
    if (found === undefined) return false;
    found.gone += 1;
    return true;
  }

  /** The same for a row of loom.dead_traces. */
  allowsDead(createdAtMs: number | null): boolean {
    return createdAtMs !== null && createdAtMs < this.#deadBeforeMs;
  }
}
