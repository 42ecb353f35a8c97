// What was copied of a home before a tenant was erased: a spool with its frames cannot be opened afterwards with
// anything that remains, a gateway that finds it makes no row of it, and the gateway's own snapshot knows the tenant no more.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCredential } from "../../../workers/credentials.js";
import { KeyRing } from "../../../workers/seal/key-ring.js";
import { ExchangeIndex } from "../../../workers/spool/exchange-index.js";
import { readSpooled } from "../../../workers/spool/read-exchange.js";
import { FolderScanner } from "../../../workers/spool/scan-folder.js";
import { diskFiles } from "../../../workers/spool/spool-files.js";
import { describeWithEmbedded } from "../../support/database.js";
import { type EmbeddedGateway, findBytes, startEmbeddedGateway } from "../../support/embedded-gateway.js";

const marker = "the quick brown prompt of acme";

/** The requests that the spool below a folder holds of one tenant, opened with these keys. Throws when one cannot be. */
async function openSpool(spool: string, tenantId: string, { keys, salt }: { keys: string; salt: string }) {
  const folders = readdirSync(spool, { recursive: true, encoding: "utf8" }).filter((name) => /lane-\d+$/.test(name));
  const ring = new KeyRing(keys);
  const found: string[] = [];
  for (const folder of folders) {
    const index = new ExchangeIndex(() => false);
    const scan = await new FolderScanner(diskFiles, index).scan(join(spool, folder));
    const source = { files: diskFiles, ring, nodeId: scan.origin?.nodeId ?? hostname() };
    try {
      for (const [seq, exchange] of scan.exchanges) {
        if (exchange.tenantId !== tenantId || !exchange.hasBegin) continue;
        const { requestBody, chunks } = readSpooled(source, seq, index.framesOf(seq), salt);
        found.push(`${requestBody.toString()} -> ${Buffer.concat(chunks).toString()}`);
      }
    } finally {
      for (const { file } of scan.segments) diskFiles.close(file);
    }
  }
  return found;
}

describeWithEmbedded("a home that was copied before an erasure", () => {
  let gateway: EmbeddedGateway;
  let copy: string;
  let acme: { id: string; key: string; salt: Buffer } = { id: "", key: "", salt: Buffer.alloc(0) };
  let streamId = "";
  const stopStream = new AbortController();

  beforeAll(async () => {
    copy = mkdtempSync(join(tmpdir(), "loom-copy-"));
    gateway = await startEmbeddedGateway();
    await gateway.loom(["tenant", "create", "acme"]);
    const made = await gateway.loom(["key", "create", "--tenant", "acme", "--json"]);
    const [row] = await gateway.query<{ id: string; key_salt: Buffer }>(
      "SELECT id, key_salt FROM loom.tenants WHERE name = 'acme'",
    );
    acme = { id: row?.id ?? "", salt: row?.key_salt ?? Buffer.alloc(0), key: JSON.parse(made.stdout).key };
  });
  afterAll(async () => {
    stopStream.abort();
    await gateway.close();
    rmSync(copy, { recursive: true });
  });

  const readKeys = () => readFileSync(join(gateway.home, "master-keys"), "utf8").trim();
  const readTotals = () =>
    gateway.query<{ requests: number }>(
      "SELECT tenant_id, sum(requests)::int AS requests FROM loom.usage_rollups GROUP BY 1 ORDER BY 1",
    );

  function ask(key: string, body: object): Promise<Response> {
    return fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ messages: [{ role: "user", content: marker }], ...body }),
      signal: stopStream.signal,
    });
  }

  test("has a spool that opens before it and with nothing that remains after it", { timeout: 60_000 }, async () => {
    for (const key of [acme.key, gateway.key, acme.key]) await (await ask(key, { model: "mock/echo" })).text();
    const mock = { tokens: 2000, tokens_per_second: 50 };
    const stream = await ask(acme.key, { model: "mock/stream", stream: true, mock });
    streamId = stream.headers.get("x-loom-trace-id") ?? "";
    const reader = stream.body?.getReader();
    const spool = join(gateway.home, "spool");
    const withSalt = () => ({ keys: readKeys(), salt: acme.salt.toString("base64") });
    // Until a part of the answer is there as well: that is a second or two of the stream.
    await expect
      .poll(
        async () => {
          await reader?.read();
          return (await openSpool(spool, acme.id, withSalt())).some((text) => /-> .*data: /s.test(text));
        },
        { timeout: 10_000 },
      )
      .toBe(true);
    cpSync(spool, copy, { recursive: true });
    const opened = await openSpool(copy, acme.id, withSalt());
    expect(opened.filter((text) => text.includes(marker) && text.includes("data: "))).not.toEqual([]);

    expect(await gateway.loom(["tenant", "erase", "acme", "--yes"])).toMatchObject({ code: 0, stderr: "" });
    const forms = {
      bytes: acme.salt,
      base64: Buffer.from(acme.salt.toString("base64")),
      hex: Buffer.from(acme.salt.toString("hex")),
      plain: Buffer.from(marker),
    };
    expect(findBytes([copy], forms)).toEqual([]);
    const { plain: _, ...saltForms } = forms;
    expect(findBytes(gateway.folders, saltForms)).toEqual([]);
    const remaining = await gateway.query<{ salt: string | null }>(
      "SELECT encode(key_salt, 'base64') AS salt FROM loom.tenants",
    );
    for (const salt of [...remaining.map(({ salt }) => salt ?? ""), Buffer.alloc(32).toString("base64")]) {
      await expect(openSpool(copy, acme.id, { keys: readKeys(), salt })).rejects.toThrow("cannot be opened");
    }
  });

  test("has a gateway whose snapshot of keys, once written anew, knows the tenant no more", () => {
    const [name] = readdirSync(gateway.home).filter((each) => each.startsWith("keys.snapshot"));
    expect(name).toBe("keys.snapshot");
    const text = openCredential({
      masterKeys: readKeys(),
      tenantId: "00000000-0000-0000-0000-000000000000",
      keySalt: Buffer.alloc(32).toString("base64"),
      provider: "key-snapshot",
      baseUrl: "",
      sealed: readFileSync(join(gateway.home, "keys.snapshot")),
    });
    const [demo] = Object.values(JSON.parse(text).tenants as Record<string, { name: string }>);
    expect(demo?.name).toBe("demo");
    expect(text).not.toContain(acme.id);
    expect(text).not.toContain(acme.salt.toString("base64"));
  });

  test("makes no row when the copy is put back: a gap says why, sums and the ledger stay whole", {
    timeout: 60_000,
  }, async () => {
    const ended = new Promise((resolve) => gateway.child.once("exit", resolve));
    const totals = await readTotals();
    gateway.child.kill("SIGKILL");
    await ended;
    const draft = join(gateway.home, "keys.snapshot.draft");
    writeFileSync(draft, "what a kill in the middle of a write leaves");
    rmSync(join(gateway.home, "spool"), { recursive: true });
    cpSync(copy, join(gateway.home, "spool"), { recursive: true });
    const again = await gateway.startAgain();
    await expect.poll(() => again.output(), { timeout: 15_000 }).toMatch(/spool_replayed/);
    await expect
      .poll(() => gateway.query("SELECT reason FROM loom.ledger_gaps WHERE id = $1", [streamId]), { timeout: 15_000 })
      .toEqual([{ reason: "spool: the tenant's key was erased" }]);
    expect(await gateway.query("SELECT id FROM loom.traces WHERE id = $1", [streamId])).toEqual([]);
    for (const [index, { requests }] of (await readTotals()).entries()) {
      expect(requests).toBe(totals[index]?.requests);
    }
    const verified = await gateway.loom(["audit", "verify", "--json"]);
    expect([verified.code, JSON.parse(verified.stdout)]).toMatchObject([0, { state: "whole", rows: 3 }]);
    expect(await again.stop()).toBe(0);
    expect(existsSync(draft)).toBe(false);
    expect(again.output()).not.toContain("lane_crashed");
  });
});
