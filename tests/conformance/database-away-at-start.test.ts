// A restart while Postgres is away: keys that were served before are served again, from a sealed file.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { expect, inject, test } from "vitest";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway } from "../support/gateway.js";
import { readTrace } from "../support/traces.js";

describeWithDatabase("a gateway that starts while Postgres is away", () => {
  test("serves the keys that were served before, and records them when Postgres is back", async () => {
    const database = inject("database");
    if (database.kind === "off") throw new Error(database.reason);
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    const first = await startTestGateway();
    const ask = (url: string, key: string): Promise<Response> =>
      fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: '{"model":"mock/echo","messages":[{"role":"user","content":"hi"}]}',
      });
    expect((await ask(first.url, first.key)).status).toBe(200);
    expect(await first.stop()).toBe(0);
    const file = join(first.home, "keys.snapshot");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file).includes("demo")).toBe(false);

    const name = first.database.name;
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    const second = await first.startAgain();
    try {
      expect(second.output()).toContain("The database is away");
      const response = await ask(second.url, first.key);
      expect(response.status).toBe(200);
      await response.text();
      const stranger = await ask(second.url, `${first.key.slice(0, -4)}AAAA`);
      expect(stranger.status).toBe(503);
      await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
      expect((await readTrace(first.pool, response.headers.get("x-loom-trace-id") ?? "", 15_000)).outcome).toBe(
        "complete",
      );
      const deadline = Date.now() + 10_000;
      let ready = "";
      while (ready !== "ready" && Date.now() < deadline) {
        ready = ((await (await fetch(`${second.url}/readyz`)).json()) as { status: string }).status;
        await sleep(50);
      }
      expect(ready).toBe("ready");
    } finally {
      await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
      await admin.end();
      await second.stop();
      await first.close();
    }
  });
});
