// A rotation of the master keys under load: a gateway that takes 200 requests a second while `loom keys-master rotate`
// runs beside it, twice. No request fails, every row is there once and opens, and the ledger tells of it.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KeyRing } from "../../../workers/seal/key-ring.js";
import { describeWithDatabase } from "../../support/database.js";
import { startTestGateway, type TestGateway } from "../../support/gateway.js";
import { type KeyProvider, startKeyProvider } from "../../support/key-provider.js";
import { openRow, openTestBody, readMasterKeys, readOpenableRows } from "../../support/traces.js";

type Asked = { readonly content: string; readonly atMs: number; endMs: number; outcome: number | string; id: string };

const requestsPerSecond = 200;
const theirKey = "sk-theirs-0123456789";
/** A gateway looks for a new file twice a second. */
const takenWithinMs = 1000;

describeWithDatabase("a rotation of the master keys", () => {
  let gateway: TestGateway;
  let provider: KeyProvider;

  beforeAll(async () => {
    provider = await startKeyProvider(theirKey);
    gateway = await startTestGateway();
    const set = ["provider", "set", "own", "--tenant", "demo", "--base-url", provider.url, "--api-key-stdin"];
    expect(await gateway.loom(set, theirKey)).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await gateway.close();
    provider.close();
  });

  async function ask(url: string, content: string, model: string): Promise<Asked> {
    const asked: Asked = { content, atMs: Date.now(), endMs: 0, outcome: "", id: "" };
    try {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
        body: JSON.stringify({ model, messages: [{ role: "user", content }] }),
      });
      asked.id = response.headers.get("x-loom-trace-id") ?? "";
      const text = await response.text();
      asked.outcome = text.includes("chat.completion") ? response.status : `${response.status} ${text.slice(0, 300)}`;
    } catch (error) {
      asked.outcome = String(error);
    }
    asked.endMs = Date.now();
    return asked;
  }

  /** Sends at a steady rate, whatever the answers do, until it is told to stop; every fourth to the tenant's own provider. */
  function sendSteadily(): { readonly answered: readonly Asked[]; stop(): Promise<readonly Asked[]> } {
    const answered: Asked[] = [];
    const open: Promise<unknown>[] = [];
    const startedAt = performance.now();
    const timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedAt) / 1000) * requestsPerSecond);
      while (open.length < due) {
        const number = open.length;
        const model = number % 4 === 0 ? "own/some-model" : "mock/echo";
        const content = `number ${number} ${"x".repeat((number % 50) * 200)}`;
        open.push(ask(gateway.url, content, model).then((asked) => answered.push(asked)));
      }
    }, 5);
    return {
      answered,
      async stop() {
        clearInterval(timer);
        await Promise.all(open);
        return answered;
      },
    };
  }

  /** Opens one of the newest rows after the other, as a reader does that has the key file and the database. */
  function readSteadily(): { stop(): Promise<{ reads: number; failures: unknown[] }> } {
    let going = true;
    const failures: unknown[] = [];
    let reads = 0;
    const reading = (async () => {
      while (going) {
        const { rows } = await gateway.pool.query<{ id: string }>(
          "(SELECT id FROM loom.traces ORDER BY id LIMIT 2) UNION ALL (SELECT id FROM loom.traces ORDER BY id DESC LIMIT 3)",
        );
        for (const { id } of rows) {
          await openTestBody(gateway, id, "request_body").then(
            () => (reads += 1),
            (error: unknown) => failures.push(error),
          );
        }
        await sleep(10);
      }
    })();
    return {
      async stop() {
        going = false;
        await reading;
        return { reads, failures };
      },
    };
  }

  async function versionsOf(asked: readonly Asked[]): Promise<ReadonlyMap<string, number>> {
    const ids = asked.map(({ id }) => id);
    const deadline = Date.now() + 10_000;
    for (;;) {
      const { rows } = await gateway.pool.query<{ id: string; version: number }>(
        "SELECT id, encryption_key_version AS version FROM loom.traces WHERE id = ANY($1)",
        [ids],
      );
      if (rows.length >= ids.length || Date.now() > deadline) {
        expect(rows).toHaveLength(ids.length);
        return new Map(rows.map(({ id, version }) => [id, version]));
      }
      await sleep(50);
    }
  }

  test("fails no request and no read at 200 requests a second, and leaves every row under the version of its time", {
    timeout: 180_000,
  }, async () => {
    const before = await ask(gateway.url, "before everything", "mock/echo");
    const load = sendSteadily();
    const reader = readSteadily();
    await sleep(2000);
    const rotations: { readonly startMs: number; readonly endMs: number; readonly version: number }[] = [];
    for (const version of [2, 3]) {
      const startMs = Date.now();
      const { code, stdout, stderr } = await gateway.loom(["keys-master", "rotate"]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(new RegExp(`^Version ${version} of the master key is in the file `));
      expect(stdout).toContain("Provider keys sealed under it: 1.");
      rotations.push({ startMs, endMs: Date.now(), version });
      await sleep(2000);
    }
    const asked = [before, ...(await load.stop())];
    const { reads, failures } = await reader.stop();

    // The load was sent at the rate that it says, every request was answered by whom it was for, and every read was one.
    const times = asked.slice(1).map(({ atMs }) => atMs);
    const sentForMs = Math.max(...times) - Math.min(...times);
    expect(times.length / (sentForMs / 1000)).toBeGreaterThan(requestsPerSecond * 0.9);
    expect([...new Set(asked.map(({ outcome }) => outcome))]).toEqual([200]);
    expect(provider.denied).toBe(0);
    expect(failures).toEqual([]);
    expect(reads).toBeGreaterThan(20);

    // Every row is there once. Rows of before a rotation are under the old version, rows of after it under the new one.
    const versions = await versionsOf(asked);
    const seen = new Map<number, number>();
    for (const { id, atMs, endMs } of asked) {
      const version = versions.get(id) ?? 0;
      seen.set(version, (seen.get(version) ?? 0) + 1);
      const oldest = rotations.filter((rotation) => rotation.endMs + takenWithinMs < atMs).at(-1)?.version ?? 1;
      const newest = rotations.filter((rotation) => rotation.startMs < endMs + 100).at(-1)?.version ?? 1;
      expect(version, `${atMs} to ${endMs}`).toBeGreaterThanOrEqual(oldest);
      expect(version, `${atMs} to ${endMs}`).toBeLessThanOrEqual(newest);
    }
    for (const version of [1, 2, 3]) expect(seen.get(version), `rows under ${version}`).toBeGreaterThan(100);

    // All of them open, with what was asked in them.
    const ring = new KeyRing(readMasterKeys(gateway.home));
    const contents = new Map(asked.map(({ id, content }) => [id, content]));
    const rows = await readOpenableRows(gateway.pool, [...contents.keys()]);
    expect(rows).toHaveLength(asked.length);
    for (const row of rows) {
      expect(openRow(ring, row, "request_body")).toContain(JSON.stringify(contents.get(row.id)));
      expect(openRow(ring, row, "response_body")).toContain("chat.completion");
    }
    const output = gateway.output();
    expect(output.match(/master_keys_changed/g)).toHaveLength(2);
    for (const alarm of ["master_keys_unusable", "provider_setting_unusable", "lane_crashed", "trace_dead"]) {
      expect(output).not.toContain(alarm);
    }
  });

  test("leaves its events in the ledger, which stays whole", async () => {
    const { rows } = await gateway.pool.query(
      `SELECT actor, action, tenant_id IS NULL AS of_nobody, subject, details, origin IS NOT NULL AS from_somewhere
         FROM loom.audit_events WHERE action IN ('master-keys.rotate', 'provider.reseal') ORDER BY number`,
    );
    const by = { actor: expect.stringMatching(/^cli:/), from_somewhere: true };
    expect(rows).toEqual(
      [2, 3].flatMap((version) => [
        { ...by, action: "master-keys.rotate", of_nobody: true, subject: `version ${version}`, details: { version } },
        { ...by, action: "provider.reseal", of_nobody: false, subject: "own", details: { version } },
      ]),
    );
    const verified = await gateway.loom(["audit", "verify"]);
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Whole: /m) });
  });

  test("lists the versions, and prints no key anywhere", async () => {
    const list = await gateway.loom(["keys-master", "list", "--json"]);
    const from = `the file ${join(gateway.home, "master-keys")}`;
    expect(JSON.parse(list.stdout)).toEqual([
      { version: 3, use: "seals and opens", from },
      { version: 2, use: "opens", from },
      { version: 1, use: "opens", from },
    ]);
    const text = await gateway.loom(["keys-master", "list"]);
    const keys = readMasterKeys(gateway.home).split(",");
    expect(keys).toHaveLength(3);
    for (const key of keys) {
      const bytes = key.split(":")[1] ?? "";
      for (const shown of [list.stdout, text.stdout, gateway.output()]) expect(shown).not.toContain(bytes);
    }
  });

  test("is what the next start begins with, and what was sealed before still opens", async () => {
    const { rows } = await gateway.pool.query<{ id: string }>(
      "SELECT id FROM loom.traces WHERE encryption_key_version = 1 ORDER BY id LIMIT 1",
    );
    expect(await gateway.stop()).toBe(0);
    const again = await gateway.startAgain();
    const own = await ask(again.url, "after a start", "own/some-model");
    expect([own.outcome, (await versionsOf([own])).get(own.id)]).toEqual([200, 3]);
    expect(await openTestBody(gateway, rows[0]?.id ?? "", "request_body")).toContain("before everything");
    expect(await again.stop()).toBe(0);
  });

  test("goes on past a provider key that no master key opens, and names it", async () => {
    await gateway.pool.query(
      `INSERT INTO loom.provider_configs (tenant_id, provider, kind, settings, credentials)
       SELECT id, 'broken', 'openai-compatible', '{"baseUrl": "http://127.0.0.1:9/v1"}', $1 FROM loom.tenants`,
      [Buffer.alloc(60, 1)],
    );
    const { code, stdout, stderr } = await gateway.loom(["keys-master", "rotate", "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual({ version: 4, resealed: 1, unopened: ["demo/broken"] });
    const told = await gateway.loom(["keys-master", "rotate"]);
    expect([told.code, told.stderr]).toEqual([0, "No master key opens the provider keys of demo/broken.\n"]);
  });

  test("run twice at once, gives two versions and loses none", async () => {
    const before = readMasterKeys(gateway.home);
    const both = await Promise.all([1, 2].map(() => gateway.loom(["keys-master", "rotate", "--json"])));
    const versions = both.map(({ stdout }) => JSON.parse(stdout).version as number);
    expect(new Set(versions)).toEqual(new Set([6, 7]));
    expect(readMasterKeys(gateway.home)).toMatch(/^7:[^,]+,6:[^,]+,5:/);
    expect(readMasterKeys(gateway.home).endsWith(before)).toBe(true);
  });
});
