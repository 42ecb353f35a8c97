// What the query API says against what lies in the tables: lists that page without a gap, sums that are the sums of
// the rows whichever way they are read, and nothing of another tenant.
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Caller } from "../../src/config/tenant.js";
import { foldUsage } from "../../src/postgres/usage-sums.js";
import { type Price, PriceList, type PriceQuestion } from "../../src/prices/price-list.js";
import { listKeys, readMe } from "../../src/query/account.js";
import { readFilter } from "../../src/query/filter-language.js";
import { listSessions } from "../../src/query/list-sessions.js";
import { type ListValues, listTraces } from "../../src/query/list-traces.js";
import { NewTraceReader } from "../../src/query/new-traces.js";
import { readTrace } from "../../src/query/read-trace.js";
import { type Query, Reader } from "../../src/query/reader.js";
import { keyListShape, meShape, sessionListShape } from "../../src/query/schema/account.js";
import { summaryShape, timeseriesShape, topShape } from "../../src/query/schema/analytics.js";
import { traceDetailShape, traceListShape } from "../../src/query/schema/trace.js";
import { readSummary } from "../../src/query/usage-summary.js";
import { readTimeseries } from "../../src/query/usage-timeseries.js";
import { readTop } from "../../src/query/usage-top.js";
import type { TraceRow } from "../../workers/persist/trace-row.js";
import { TraceWriter } from "../../workers/persist/writer.js";
import { makeDetail } from "../../workers/seed/make-detail.js";
import { RowMaker } from "../../workers/seed/make-row.js";
import { SeededRandom } from "../../workers/seed/random.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../support/database.js";
import { rowOf, sealedBodiesOf, sealTestRow, testBoot, testKeySalt } from "../support/exchanges.js";
import { expectSameFigures, expectSameSeries } from "../support/same-figures.js";

const uuid = (end: string) => `0190a1b2-0000-7000-8000-${end.padStart(12, "0")}`;
const tenants = ["a", "b"].map((name) => ({
  id: uuid(name),
  keySalt: testKeySalt,
  keyIds: [uuid(`${name}1`), uuid(`${name}2`)],
}));
const tenantId = uuid("a");
const nowMs = Date.now();
const day = 86_400_000;
/** Every row passes it, and sums cannot answer it: the same question, read from single rows. */
const byRows = "usage:provider,estimated,none";

describeWithDatabase("the query API", () => {
  let database: TestDatabase;
  let reader: Reader;
  let pool: pg.Pool;
  let rows: TraceRow[];

  const read = <Answer>(work: (query: Query) => Promise<Answer>, tenant = tenantId) => reader.read(tenant, work);
  const list = async (values: ListValues) =>
    traceListShape.parse(await read((query) => listTraces(query, values, tenantId, nowMs)));
  const own = () => rows.filter((row) => row.tenantId === tenantId);

  async function write(added: readonly TraceRow[]): Promise<void> {
    const writer = new TraceWriter({ databaseUrl: database.url, lane: 0, seal: sealTestRow, emit: () => {} });
    for (const row of added) writer.add(row, sealedBodiesOf(row), testKeySalt);
    await writer.drain(10_000);
  }

  beforeAll(async () => {
    database = await openTestDatabase();
    pool = database.pool();
    reader = new Reader(database.url, { name: "test query", connections: 2, timeoutMs: 10_000 });
    for (const { id, keyIds } of tenants) {
      await pool.query("INSERT INTO loom.tenants (id, name, key_salt) VALUES ($1, $2, $3)", [id, id, Buffer.alloc(32)]);
      for (const [index, key] of keyIds.entries()) {
        const values = [key, id, Buffer.from(key), `sk-loom-${key}`, `key ${index}`];
        await pool.query(
          "INSERT INTO loom.api_keys (id, tenant_id, key_hash, prefix, name) VALUES ($1,$2,$3,$4,$5)",
          values,
        );
      }
    }
    await pool.query("SELECT loom.ensure_trace_partitions($1, 4)", [new Date(nowMs - 60 * day)]);
    const maker = new RowMaker({ tenants, random: new SeededRandom(11), bootId: testBoot });
    const random = new SeededRandom(12);
    // Three quarters in the last week, and several in the same microsecond.
    const moments = Array.from({ length: 3000 }, () => nowMs - random.next() ** 3 * 50 * day - 1000);
    rows = moments.map((moment, index) => {
      const { row } = maker.make(index % 10 === 0 ? nowMs - 5000 : Math.floor(moment));
      // Some are from before there was a detail.
      return { ...row, detail: index % 7 === 0 ? null : makeDetail(row, random) };
    });
    await write(rows);
  });
  afterAll(async () => {
    await reader.stop();
    await database.close();
  });

  describe("a list", () => {
    test("gives every trace once, newest first, page after page", async () => {
      const seen: string[] = [];
      const times: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await list({ limit: "70", ...(cursor !== null && { cursor }) });
        seen.push(...page.data.map(({ id }) => id));
        times.push(...page.data.map(({ createdAt }) => createdAt));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(seen.toSorted()).toEqual(
        own()
          .map(({ id }) => id)
          .toSorted(),
      );
      expect(times).toEqual(times.toSorted().toReversed());
    });

    test.each<[string, (row: TraceRow) => boolean]>([
      ["model:gpt-4o", (row) => row.model === "gpt-4o"],
      ["model:gpt* -model:gpt-4o-mini", (row) => row.model?.startsWith("gpt") === true && row.model !== "gpt-4o-mini"],
      ["-outcome:complete", (row) => row.outcome !== "complete"],
      ["status:>=500 error:*", (row) => row.statusCode >= 500 && row.errorCode !== null],
      ["-cost:* usage:provider", (row) => row.costUsd === null && row.usageSource === "provider"],
      ["latency:>5s streamed:true", (row) => row.latencyMs > 5000 && row.streamed],
      ["tag:search,support", (row) => row.tags.includes("search") || row.tags.includes("support")],
      ["-tag:*", (row) => row.tags.length === 0],
      ['key:"key 1"', (row) => row.apiKeyId === tenants[0]?.keyIds[1]],
      ['key:"key 1","key 0"', () => true],
      ['-key:"key 1"', (row) => row.apiKeyId !== tenants[0]?.keyIds[1]],
      ['latency:>12s key:"key 1"', (row) => row.latencyMs > 12_000 && row.apiKeyId === tenants[0]?.keyIds[1]],
      ["cost:>=0.05", (row) => Number(row.costUsd ?? 0) >= 0.05],
      ["attempts:2..9", (row) => row.attempts >= 2],
      ["session:*", (row) => row.sessionId !== null],
      ["-user:user-1", (row) => row.endUser !== "user-1"],
    ])("with %s gives exactly what passes", async (q, passes) => {
      const wanted = own().filter(passes);
      expect(wanted.length).toBeGreaterThan(0);
      const found: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await list({ q, limit: "200", ...(cursor !== null && { cursor }) });
        found.push(...page.data.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(found.toSorted()).toEqual(wanted.map(({ id }) => id).toSorted());
    });

    test("of a key that nobody has is empty at once", async () => {
      const nothing = { data: [], nextCursor: null, searched: { isComplete: true } };
      expect(await list({ key: "no such key" })).toMatchObject(nothing);
    });

    test("goes on from an ISO time, the older form of a cursor", async () => {
      const before = new Date(nowMs - day).toISOString();
      const { data } = await list({ cursor: before, limit: "5" });
      const wanted = own().filter(({ createdAtMs }) => createdAtMs < nowMs - day);
      const newest = Math.max(...wanted.map(({ createdAtMs }) => createdAtMs));
      expect(Date.parse(data[0]?.createdAt ?? "")).toBe(Math.floor(newest));
    });

    test("reads one trace, and no other tenant's", async () => {
      const [row] = own();
      const right = { mayRead: false, isErased: false };
      const sources = { right, linesOf: async () => null };
      const detail = await read((query) => readTrace(query, tenantId, row?.id ?? "", sources));
      expect(traceDetailShape.parse(detail)).toMatchObject({ id: row?.id, seq: row?.seq, latencyMs: row?.latencyMs });
      expect(detail.bodies).toMatchObject({ mayRead: false, missingScope: "bodies:read" });
      const other = rows.find((one) => one.tenantId !== tenantId);
      const asked = read((query) => readTrace(query, tenantId, other?.id ?? "", sources));
      await expect(asked).rejects.toMatchObject({ code: "trace_not_found" });
    });

    test("reads the tries, phases and moments of a trace, what its cost was made of, and none of a row from before", async () => {
      const someone = uuid("e");
      const prices = new PriceList();
      const asked: unknown[] = [];
      const sources = {
        right: { mayRead: false, isErased: false },
        linesOf: async (question: PriceQuestion, recorded: Price) => {
          asked.push(question, recorded);
          return prices.linesOf(question, recorded);
        },
      };
      const detailOf = (id: string) => reader.read(someone, (query) => readTrace(query, someone, id, sources));
      const kind = { provider: "openai", kind: "openai", model: "gpt-4o-mini", status: 200 };
      const usage = { promptTokens: 1000, completionTokens: 50, totalTokens: 1050, cachedTokens: 400 };
      const createdAtMs = nowMs - 1000;
      const question = { providerKind: "openai", providerName: "openai", model: "gpt-4o-mini", responseModel: null };
      const price = prices.priceOf({ ...question, usage, atMs: createdAtMs });
      const attempts = [
        { ...kind, status: null, errorCode: "upstream_timeout", startedMs: 1, endedMs: 2 },
        { ...kind, errorCode: null, startedMs: 3, endedMs: 12 },
      ];
      const detail = JSON.stringify({
        attempts,
        authenticatedMs: 0.5,
        stream: { every: 1, ms: [4], bytes: [9] },
        userAgent: "x",
        requestHeaders: "accept: */*\nx-client-request-id: a: b\n",
        answerHeaders: "",
      });
      const model = { provider: "openai", model: "fast", responseModel: null, createdAtMs };
      const tags = ["loom.client=openai-js/6"];
      const made = rowOf({ tenantId: someone, ...model, ...usage, ...price, detail, tags });
      const before = rowOf({ tenantId: someone, ...model, ...usage, ...price, detail: null, tags: [] });
      await write([made, before]);
      rows.push(made, before);
      const found = await detailOf(made.id);
      expect(traceDetailShape.parse(found)).toMatchObject({
        attemptList: attempts,
        phases: { authenticatedMs: 0.5, admittedMs: null },
        streamTimes: { every: 1, ms: [4], bytes: [9] },
        client: { library: "openai-js", version: "6", retry: 0 },
        userAgent: "x",
        requestHeaders: [
          { name: "user-agent", value: "x" },
          { name: "accept", value: "*/*" },
          { name: "x-client-request-id", value: "a: b" },
        ],
        answerHeaders: [],
        costLines: [
          { item: "Input", tokens: 600, usdPerMillion: 0.15, costUSD: 0.00009 },
          { item: "Cached input", tokens: 400 },
          { item: "Output", tokens: 50 },
        ],
      });
      expect(asked[0]).toMatchObject({ ...question, atMs: createdAtMs });
      const nothing = { attemptList: null, phases: null, streamTimes: null, client: null, userAgent: null };
      const noHeaders = { requestHeaders: null, answerHeaders: null };
      expect(traceDetailShape.parse(await detailOf(before.id))).toMatchObject({
        ...nothing,
        ...noHeaders,
        costLines: null,
      });
    });
  });

  test("a reader sees nothing of another tenant, even by a statement that forgot to ask for its own", async () => {
    for (const table of ["traces", "usage_rollups", "usage_sums", "api_keys", "tenants"]) {
      const column = table === "tenants" ? "id" : "tenant_id";
      const found = await read((query) =>
        query<{ owner: string }>(`SELECT DISTINCT ${column} AS owner FROM loom.${table}`),
      );
      expect(
        found.every(({ owner }) => owner === tenantId),
        table,
      ).toBe(true);
    }
    await expect(read((query) => query("DELETE FROM loom.usage_rollups"))).rejects.toThrow();
  });

  describe("sums", () => {
    const days = { window: "50d", bucket: "1d" };
    const windows = { week: { window: "7d" }, long: { window: "50d" }, hours: { window: "36h" } };

    /** The same from sums and from single rows. */
    async function expectEqual(values: Record<string, string>): Promise<void> {
      const fromSums = summaryShape.parse(await read((query) => readSummary(query, values, tenantId, nowMs)));
      const q = [values["q"] ?? "", byRows].join(" ");
      const fromRows = await read((query) => readSummary(query, { ...values, q }, tenantId, nowMs));
      expect([fromSums.source, fromRows.source]).toEqual(["rollups", "traces"]);
      expectSameFigures(fromSums, fromRows);
      expect(fromSums.previous.totalRequests).toBe(fromRows.previous.totalRequests);
      expect(fromSums.totalRequests).toBeGreaterThan(0);
    }

    async function expectAllEqual(): Promise<void> {
      for (const window of Object.values(windows)) {
        await expectEqual(window);
        await expectEqual({ ...window, q: "model:gpt-4o,gpt-4.1 -provider:azure" });
      }
    }

    test("are those of the rows before, while and after they are folded", async () => {
      await expectAllEqual();
      await pool.query("SELECT loom.fold_usage(700)");
      await expectAllEqual();
      expect(await foldUsage(pool)).toBeGreaterThan(100);
      await expectAllEqual();
      const late = rows.slice(0, 40).map((row, index) => ({ ...row, id: uuid(`f${index}`), seq: row.seq + 100_000 }));
      await write(late);
      rows.push(...late);
      await expectAllEqual();
      await foldUsage(pool);
      await expectAllEqual();
    });

    test("are the same for every order of folding, and fold to nothing new", async () => {
      const totals = "SELECT span, detail, sum(requests)::int AS n FROM loom.usage_sums GROUP BY 1, 2 ORDER BY 1, 2";
      const client = await pool.connect();
      await client.query("SET loom.tenant = '*'");
      const before = (await client.query(totals)).rows;
      expect(new Set(before.map(({ n }) => n))).toEqual(new Set([rows.length]));
      await foldUsage(pool);
      expect((await client.query(totals)).rows).toEqual(before);
      client.release(true);
    });

    test.each<Record<string, string>>([
      { window: "7d", bucket: "1d" },
      { window: "7d", bucket: "1d", timeZone: "Asia/Kolkata" },
      ...["Asia/Kolkata", "Pacific/Chatham", "Europe/Berlin"].map((timeZone) => ({ ...days, timeZone })),
      { ...days, timeZone: "Asia/Kathmandu", q: "model:gpt*" },
      { ...days, timeZone: "America/St_Johns", groupBy: "model" },
      { window: "40d", bucket: "7d", timeZone: "America/New_York" },
      { window: "24h", bucketMinutes: "30" },
      { windowHours: "3", bucketMinutes: "5" },
    ])("by time add up to the sum: %j", async (values) => {
      const series = timeseriesShape.parse(await read((query) => readTimeseries(query, values, tenantId, nowMs)));
      const whole = await read((query) => readSummary(query, { ...values }, tenantId, nowMs));
      const all = series.series.flatMap(({ points }) => points);
      expect(all.reduce((sum, point) => sum + point.totalRequests, 0)).toBe(whole.totalRequests);
      const q = [values["q"] ?? "", byRows].join(" ");
      const rowsOnly = await read((query) => readTimeseries(query, { ...values, q }, tenantId, nowMs));
      expectSameSeries(series, rowsOnly);
    });

    test.each(["model", "provider", "key", "status", "outcome"] as const)(
      "by %s add up, with the others",
      async (groupBy) => {
        const values = { window: "30d", bucket: "1d", groupBy, groups: "2" };
        const series = await read((query) => readTimeseries(query, values, tenantId, nowMs));
        const whole = await read((query) => readSummary(query, { window: "30d" }, tenantId, nowMs));
        const requests = series.series.flatMap(({ points }) => points.map(({ totalRequests }) => totalRequests));
        expect(requests.reduce((sum, count) => sum + count, 0)).toBe(whole.totalRequests);
        expect(series.series.filter(({ kind }) => kind === "group")).toHaveLength(2);
        expect(series.series.some(({ kind }) => kind === "others")).toBe(series.groupCount > 2);
      },
    );
  });

  test.each([
    "model",
    "key",
    "status",
    "outcome",
    "user",
    "session",
    "tag",
    "error",
    "servedModel",
    "finishReason",
    "endpoint",
  ])("the largest groups by %s lead to their traces", async (by) => {
    const values = { window: "7d", by, limit: "3" };
    const top = topShape.parse(await read((query) => readTop(query, values, tenantId, nowMs)));
    expect(top.data.length).toBeGreaterThan(0);
    for (const group of top.data) {
      readFilter(group.filter);
      const same = await read((query) =>
        readSummary(query, { window: "7d", q: `${group.filter} ${byRows}` }, tenantId, nowMs),
      );
      expect(same.totalRequests, group.filter).toBe(group.totalRequests);
    }
  });

  test("sessions are there once each, the latest first, with their own sums", async () => {
    const found: { id: string; lastAt: string; totalRequests: number }[] = [];
    let cursor: string | null = null;
    do {
      const values = { limit: "20", ...(cursor !== null && { cursor }) };
      const page = sessionListShape.parse(await read((query) => listSessions(query, values, tenantId, nowMs)));
      found.push(...page.data);
      cursor = page.nextCursor;
    } while (cursor !== null);
    const counts = new Map<string, number>();
    for (const { sessionId: id } of own()) if (id !== null) counts.set(id, (counts.get(id) ?? 0) + 1);
    expect(found.map(({ id }) => id).toSorted()).toEqual([...counts.keys()].toSorted());
    for (const { id, totalRequests } of found) expect(totalRequests).toBe(counts.get(id));
    const times = found.map(({ lastAt }) => lastAt);
    expect(times).toEqual(times.toSorted().toReversed());
  });

  test("a key knows itself and its tenant's keys with their use", async () => {
    const caller = {
      tenant: { id: tenantId, name: "a" },
      apiKeyId: tenants[0]?.keyIds[0],
      scopes: [],
    } as unknown as Caller;
    const about = { version: "1", jaegerUrl: null, retentionDays: null };
    const me = meShape.parse(await read((query) => readMe(query, caller, about)));
    expect(me.may).toEqual({ readTraces: true, readBodies: false });
    expect(Date.parse(me.newestTraceAt ?? "")).toBe(Math.max(...own().map(({ createdAtMs }) => createdAtMs)));
    const keys = keyListShape.parse(await read((query) => listKeys(query, { window: "60d" }, caller, nowMs)));
    expect(keys.data.map(({ isOwn }) => isOwn)).toEqual([true, false]);
    expect(keys.data.reduce((sum, { totalRequests }) => sum + totalRequests, 0)).toBe(own().length);
  });

  test("a live tail sees what is recorded from now on once, however long ago it began", async () => {
    const tail = new NewTraceReader(tenantId, readFilter("model:gpt-4o"));
    await read((query) => tail.start(query, Date.now()));
    const look = () => read((query) => tail.read(query, Date.now(), 5));
    expect(await look()).toEqual({ data: [], leftOut: 0 });
    const [like] = own();
    const made = Array.from({ length: 12 }, (_, index) => ({
      ...(like as TraceRow),
      id: uuid(`e${index}`),
      model: index < 9 ? "gpt-4o" : "other",
      createdAtMs: Date.now() - 60_000 * index,
      seq: 200_000 + index,
    }));
    await write(made);
    await sleep(20);
    const first = await look();
    expect([first.data.length, first.leftOut]).toEqual([5, 4]);
    expect(await look()).toEqual({ data: [], leftOut: 0 });
  });
});
