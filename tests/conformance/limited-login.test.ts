// A gateway whose login owns nothing: a member of the roles that its work needs. And who each of its connections is.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeWithEmbedded } from "../support/database.js";
import { startTestGateway } from "../support/gateway.js";
import { runStatement } from "../support/test-server.js";
import { readTrace } from "../support/traces.js";

describeWithEmbedded("a gateway on a login without rights of its own", () => {
  test("starts, serves and records as the roles that it is a member of", async () => {
    const first = await startTestGateway();
    const login = `gateway_${first.database.name.slice(-8)}`;
    await runStatement(
      first.database.url,
      `CREATE ROLE ${login} LOGIN IN ROLE loom_writer, loom_authenticator, loom_retention`,
    );
    expect(await first.stop()).toBe(0);
    await first.pool.query(
      `CREATE TABLE public.seen (who text, role text);
       CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
         'BEGIN INSERT INTO public.seen VALUES (session_user, current_setting(''role'')); RETURN NULL; END';
       CREATE TRIGGER see AFTER INSERT ON loom.traces FOR EACH STATEMENT EXECUTE FUNCTION public.see();
       GRANT EXECUTE ON FUNCTION public.see() TO PUBLIC`,
    );
    // It would make a new key for the demo tenant if it could.
    rmSync(join(first.home, "demo.json"));
    const url = new URL(first.database.url);
    url.username = login;
    const second = await first.startAgain({ DATABASE_URL: url.href });
    try {
      const answer = await fetch(`${second.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${first.key}`, "content-type": "application/json" },
        body: '{"model":"mock/echo","messages":[{"role":"user","content":"hi"}]}',
      });
      expect(answer.status).toBe(200);
      await answer.text();
      await readTrace(first.pool, answer.headers.get("x-loom-trace-id") ?? "");
      const { rows } = await first.pool.query("SELECT DISTINCT who, role FROM public.seen");
      expect(rows).toEqual([{ who: login, role: "loom_writer" }]);
      expect(await second.stop()).toBe(0);
      expect(second.output()).not.toMatch(/permission denied|"level":"error"/);
    } finally {
      await second.stop();
      await first.pool.query("DROP FUNCTION public.see() CASCADE; DROP TABLE public.seen");
      await runStatement(first.database.url, `DROP ROLE ${login}`);
      await first.close();
    }
  });
});
