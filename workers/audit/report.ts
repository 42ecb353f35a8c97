// What was admitted and what became of it, by day and in sum: the figures that have to add up.
import type { LedgerSession } from "./ledger-session.js";

export type ReportLine = {
  /** YYYY-MM-DD in UTC, by when the exchanges began. */
  readonly day: string;
  /** Exchanges that were given a number and are recorded, set aside or a gap. */
  readonly admitted: number;
  readonly recorded: number;
  /** Of the recorded ones. */
  readonly interrupted: number;
  readonly dead: number;
  readonly gaps: number;
};

export type LedgerReport = {
  readonly days: readonly ReportLine[];
  readonly total: Omit<ReportLine, "day">;
  /** Numbers that were given in chains of this time and that nothing accounts for yet, whatever their day. */
  readonly open: number;
};

const daysText = `
  SELECT to_char(day, 'YYYY-MM-DD') AS day, sum(recorded)::float8 AS recorded, sum(interrupted)::float8 AS interrupted,
    sum(dead)::float8 AS dead, sum(gaps)::float8 AS gaps
  FROM (
    SELECT date_trunc('day', created_at, 'UTC') AT TIME ZONE 'UTC' AS day, count(*) AS recorded,
      count(*) FILTER (WHERE outcome = 'interrupted') AS interrupted, 0 AS dead, 0 AS gaps
    FROM loom.traces WHERE created_at >= $1 GROUP BY 1
    UNION ALL
    SELECT date_trunc('day', created_at, 'UTC') AT TIME ZONE 'UTC', 0, 0, count(*), 0
    FROM loom.dead_traces d WHERE created_at >= $1
      AND NOT EXISTS (SELECT FROM loom.traces t WHERE t.boot_id = d.boot_id AND t.lane = d.lane AND t.seq = d.seq)
    GROUP BY 1
    UNION ALL
    SELECT date_trunc('day', created_at, 'UTC') AT TIME ZONE 'UTC', 0, 0, 0, count(*)
    FROM loom.ledger_gaps WHERE created_at >= $1 GROUP BY 1
  ) AS parts GROUP BY 1 ORDER BY 1`;

// What a chain's last window says was given, less what its windows hold; a number that was set aside and came in
// later is in two of them.
const openText = `
  SELECT coalesce(sum(greatest(0, w.admitted - w.low_water + 1 - above.n)), 0)::float8 AS open
  FROM (
    SELECT DISTINCT ON (boot_id, lane) boot_id, lane, number, admitted, low_water, created_at
    FROM loom.ledger_windows ORDER BY boot_id, lane, number DESC
  ) AS w
  CROSS JOIN LATERAL (
    SELECT count(DISTINCT seq) AS n FROM loom.ledger_windows o, unnest(o.seqs) AS seq
    WHERE o.boot_id = w.boot_id AND o.lane = w.lane AND seq >= w.low_water AND w.admitted >= w.low_water
  ) AS above
  WHERE w.created_at >= $1`;

export async function readReport(session: LedgerSession, since: Date | null): Promise<LedgerReport> {
  const from = since ?? new Date(0);
  const counted = await session.read<Omit<ReportLine, "admitted">>(daysText, [from]);
  const days = counted.map((line) => ({ ...line, admitted: line.recorded + line.dead + line.gaps }));
  const [row] = await session.read<{ open: number }>(openText, [from]);
  const sum = (read: (line: ReportLine) => number) => days.reduce((total, line) => total + read(line), 0);
  return {
    days,
    total: {
      admitted: sum((line) => line.admitted),
      recorded: sum((line) => line.recorded),
      interrupted: sum((line) => line.interrupted),
      dead: sum((line) => line.dead),
      gaps: sum((line) => line.gaps),
    },
    open: row?.open ?? 0,
  };
}
