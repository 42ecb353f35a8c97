// No prompt and no answer is on any disk: looked for in Loom's home, its spool and temporary files, the database's
// files, its WAL and its temporary files, while the gateway runs, after it was killed, and after a checkpoint.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeWithEmbedded } from "../support/database.js";
import { startOwnServer } from "./support/own-server.js";
import { answerPieces, requestBody } from "./support/plan.js";
import { readSegments } from "./support/spool-damage.js";
import { isAbove } from "./support/tier.js";
import { type World, withWorld } from "./support/world.js";

const markBytes = 24;

/** Parts of what clients asked and were answered; long and random enough to be nowhere by chance. */
function marksOf(world: World): Buffer[] {
  return [...world.client.notes.values()].flatMap(({ plan }) => {
    const { messages } = JSON.parse(requestBody(plan).toString()) as { messages: readonly { content: string }[] };
    const asked = messages[0]?.content.slice(-markBytes) ?? "";
    const answered =
      answerPieces(plan)[0]
        ?.toString("latin1")
        .match(/"content":"([\w-]{24})/)?.[1] ?? "";
    return [asked, answered].filter((text) => text.length === markBytes).map((text) => Buffer.from(text, "latin1"));
  });
}

/** Files below `folder` that hold one of `marks`, and how many files were read. */
function search(folder: string, marks: readonly Buffer[]): { hits: string[]; files: number; bytes: number } {
  const wanted = new Set(marks.map((mark) => mark.toString("latin1")));
  const firsts = new Set(marks.map((mark) => mark.readUInt32LE(0)));
  const found = { hits: [] as string[], files: 0, bytes: 0 };
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    const bytes = readFile(path);
    if (bytes === null) continue;
    found.files += 1;
    found.bytes += bytes.length;
    for (let at = 0; at + markBytes <= bytes.length; at += 1) {
      if (bytes[at] === 0 || !firsts.has(bytes.readUInt32LE(at))) continue;
      if (wanted.has(bytes.toString("latin1", at, at + markBytes))) found.hits.push(`${path} at ${at}`);
    }
  }
  return found;
}

function readFile(path: string): Buffer | null {
  try {
    return statSync(path).isFile() ? readFileSync(path) : null;
  } catch {
    // It went away meanwhile.
    return null;
  }
}

describeWithEmbedded("no prompt and no answer", () => {
  test("is on any disk", { skip: isAbove("usual"), timeout: 240_000 }, async () => {
    const temp = mkdtempSync(join(tmpdir(), "loom-fault-temp-"));
    const server = await startOwnServer();
    const { dataDir, url } = server;
    const env = { LOOM_DURABILITY: "process", TMPDIR: temp };
    try {
      await withWorld({ scenario: "no plaintext on any disk", database: { url }, env }, async (world) => {
        mkdirSync(join(temp, "own"));
        const places = [world.gateway.home, dataDir, temp];
        const expectNothing = (when: string) => {
          const marks = marksOf(world);
          expect(marks.length).toBeGreaterThan(50);
          const found = places.map((place) => search(place, marks));
          const hits = found.flatMap((each) => each.hits);
          const bytes = found.reduce((sum, each) => sum + each.bytes, 0);
          process.stdout.write(`fault: ${marks.length} marks in ${bytes} bytes ${when}: ${hits.length} hits\n`);
          expect(hits).toEqual([]);
        };
        await world.gateway.start();
        const load = world.load({ senders: 8, changed: { gapMs: 1, requestFill: 300, answerFill: 900 } });
        await sleep(1500);
        server.freeze();
        // Now the spool is all that has them.
        await sleep(1000);
        expectNothing("while Postgres is frozen");
        await world.gateway.kill();
        await load.stop();
        expect(readSegments(world.gateway.home).length).toBeGreaterThan(0);
        expectNothing("after a kill");
        server.thaw();
        await world.gateway.start();
        await world.expectWhole(1, "replayed");
        await server.run("CHECKPOINT");
        expectNothing("after a checkpoint");
        // The search finds what is there.
        writeFileSync(join(temp, "own", "planted"), Buffer.concat([Buffer.alloc(1001), marksOf(world)[7] as Buffer]));
        expect(search(temp, marksOf(world)).hits).toHaveLength(1);
      });
    } finally {
      await server.close();
      rmSync(temp, { recursive: true, force: true });
    }
  });
});
