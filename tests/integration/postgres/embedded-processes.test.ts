// The embedded server seen from other processes: a gateway that is killed, an ordinary user, two gateways at once.
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { startEmbeddedPostgres } from "../../../src/postgres/embedded-postgres.js";
import { lockHome } from "../../../src/postgres/home-lock.js";
import { findLivePostmaster, stopPostmaster } from "../../../src/postgres/postmaster.js";
import { isRunning } from "../../../src/postgres/process-identity.js";
import { describeWithEmbedded } from "../../support/database.js";
import { makePrivateFolder, makeStandAlone, type StandAlone, startStandAlone } from "../../support/stand-alone.js";

const isRoot = process.getuid?.() === 0;
const reason = isRoot ? "" : " (skipped: only root can start a server as somebody else)";

const ordinaryUid = 65_534;

describeWithEmbedded("the embedded PostgreSQL beside other processes", () => {
  let copy: StandAlone;
  let home: string;
  const dataDirs: string[] = [];

  beforeAll(async () => {
    copy = await makeStandAlone();
  });

  afterAll(() => copy.remove());

  beforeEach(() => {
    home = realpathSync(mkdtempSync(join(tmpdir(), "loom-home-")));
  });

  afterEach(async () => {
    for (const dataDir of dataDirs.splice(0)) {
      const live = findLivePostmaster(dataDir);
      if (live !== null) await stopPostmaster(live.pid, 5000);
    }
    rmSync(home, { recursive: true, force: true });
  });

  it("a server whose gateway was killed is adopted by the next one, and stopped with it", async () => {
    const { child, report } = await startStandAlone(copy, home);
    dataDirs.push(report.dataDir);
    const before = findLivePostmaster(report.dataDir);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isRunning(before?.pid ?? 0)).toBe(true);
    // Adopting wants the same programs: the ones of this home.
    const lock = await lockHome(home);
    const next = await startEmbeddedPostgres({ home });
    expect(next).toMatchObject({ adopted: true, firstStart: false, url: report.url });
    expect(findLivePostmaster(report.dataDir)?.pid).toBe(before?.pid);
    await next.stop();
    lock.release();
    expect(isRunning(before?.pid ?? 0)).toBe(false);
  });

  it("a second gateway on the same home is refused by the pid of the first", async () => {
    const { child, report } = await startStandAlone(copy, home);
    dataDirs.push(report.dataDir);
    await expect(startStandAlone(copy, home)).rejects.toThrow(`in use by another Loom (pid ${child.pid})`);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(findLivePostmaster(report.dataDir)).toBeNull();
  });

  it.skipIf(!isRoot)(`works for an ordinary user in a folder of mode 700${reason}`, async () => {
    const folder = await makePrivateFolder(ordinaryUid);
    const { child, report } = await startStandAlone(copy, join(folder, ".loom"), {
      uid: ordinaryUid,
      gid: ordinaryUid,
    });
    dataDirs.push(report.dataDir);
    expect(report).toMatchObject({ firstStart: true, dataDir: join(folder, ".loom/postgres/data") });
    expect(report.applied[0]).toBe("0001_tables");
    expect(report.ms).toBeLessThan(15_000);
    expect(statSync(join(folder, ".loom")).mode & 0o777).toBe(0o700);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    rmSync(dirname(folder), { recursive: true });
  });

  it.skipIf(!isRoot)(`as root, moves out of a folder that the server's user cannot enter${reason}`, async () => {
    const folder = await makePrivateFolder(0);
    const inner = join(folder, ".loom");
    const first = await startEmbeddedPostgres({ home: inner, durable: false });
    dataDirs.push(first.dataDir);
    expect(first.dataDir).toMatch(/^\/var\/lib\/loom\/[0-9a-f]{12}(-\d+)?\/data$/);
    expect(first.notes[0]).toContain(`cannot enter ${folder}`);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    await first.stop();
    const second = await startEmbeddedPostgres({ home: inner, durable: false });
    expect(second).toMatchObject({ firstStart: false, dataDir: first.dataDir });
    await second.stop();
    rmSync(dirname(first.dataDir), { recursive: true });
    rmSync(dirname(folder), { recursive: true });
  });
});
