import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SimFiles } from "./sim-files.js";
import { bytesMax, SpoolWorld } from "./spool-world.js";

const seeds = Number(process.env["SPOOL_SEEDS"] ?? 2000);

/** mulberry32: small, seeded, good enough to choose what survives. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const frameStep = fc.record({
  what: fc.constantFrom("begin" as const, "begin" as const, "chunk" as const, "end" as const),
  pick: fc.nat(20),
  // About every border: nothing, less and more than an end's room, more than a sixteenth of a segment.
  bytes: fc.constantFrom(20, 20, 60, 100, 140, 141, 180, 187, 300, 1500, 4100),
});

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("give" as const),
      frames: fc.array(frameStep, { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("settle" as const), pick: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("write-fault" as const),
      fault: fc.constantFrom("eio" as const, "enospc" as const, "short" as const),
      after: fc.nat(3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("flush-fault" as const), times: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("disk-full" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("disk-free" as const) }) },
);

const life = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 25 }),
  durability: fc.constantFrom("process" as const, "disk" as const),
  end: fc.constantFrom("kill" as const, "power" as const),
  seed: fc.nat(),
});

type Life = typeof life extends fc.Arbitrary<infer One> ? One : never;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function live({ steps, durability, seed }: Life, world: SpoolWorld, files: SimFiles): Promise<void> {
  void durability;
  void seed;
  await world.spool.store.open();
  for (const one of steps) {
    if (one.do === "give") world.give(one.frames);
    else if (one.do === "settle") world.settle(one.pick);
    else if (one.do === "wait") {
      world.pass(2000);
      await turn();
    } else if (one.do === "write-fault") files.writeFaults.push(...Array<null>(one.after).fill(null), one.fault);
    else if (one.do === "flush-fault") files.flushFaults.push(...Array<boolean>(one.times).fill(true));
    else if (one.do === "disk-full") files.capacityBytes = files.usedBytes;
    else files.capacityBytes = Number.POSITIVE_INFINITY;
    expect(world.spool.store.bytes).toBeLessThanOrEqual(bytesMax);
  }
}

/** Nothing promised is missing, and nothing is there that was not given. */
async function check({ durability, end }: Life, world: SpoolWorld, promised: readonly boolean[][]): Promise<void> {
  const { scan, found } = await world.scan();
  const given = new Map(world.exchanges.map((exchange) => [exchange.seq, exchange]));
  for (const [seq, frames] of found) {
    for (const [number, payload] of frames) {
      // Not toEqual: it compares buffers number by number, for most of the time of these tests.
      if (given.get(seq)?.frames[number]?.payload.equals(payload) !== true)
        throw new Error(`seq ${seq}, frame ${number} was never given`);
    }
  }
  if (end === "kill") expect(scan.damage).toEqual([]);
  if (end === "power" && durability === "process") return;
  for (const { seq, frames, state } of world.exchanges) {
    if (state === "settled") continue;
    for (const [number, frame] of frames.entries()) {
      if (promised[seq - 1]?.[number] !== true) continue;
      if (found.get(seq)?.get(number)?.equals(frame.payload) !== true)
        throw new Error(`seq ${seq}, frame ${number} is missing`);
    }
  }
}

describe("a spool", () => {
  it(`keeps what it promised through failing disks, kills and power cuts (${seeds} seeds)`, {
    timeout: 3_600_000,
  }, async () => {
    const seen = { faults: 0, torn: 0, broken: 0 };
    await fc.assert(
      fc.asyncProperty(life, async (one) => {
        const files = new SimFiles();
        const random = randomFrom(one.seed);
        const world = new SpoolWorld(files, one.durability, random);
        await live(one, world, files);
        // In the middle of whatever is being flushed or made.
        if (random() < 0.5) await turn();
        expect(files.failedThenFlushed).toBe(0);
        const promised = world.exchanges.map(({ frames }) => frames.map(({ promised: was }) => was));
        world.files = one.end === "kill" ? files.kill() : files.cutPower(random);
        await check(one, world, promised);
        // A second look sees the same: reading changes nothing.
        await check(one, world, promised);
        seen.faults += world.faults;
        seen.broken += world.exchanges.filter(({ state }) => state === "broken").length;
        seen.torn += (await world.scan()).scan.tornTails;
      }),
      { numRuns: seeds },
    );
    // A run in which nothing went wrong would say nothing.
    expect(Math.min(seen.faults, seen.torn, seen.broken)).toBeGreaterThan(0);
  });

  it("takes away a file that nothing was ever written to, and keeps a damaged one", async () => {
    const world = new SpoolWorld(new SimFiles(), "process", randomFrom(1));
    await world.spool.store.open();
    world.give([{ what: "begin", pick: 0, bytes: 100 }]);
    const files = world.files.kill();
    const [path = ""] = files.paths();
    for (const one of files.paths()) files.contentOf(one).fill(0);
    world.files = files;
    expect((await world.scan()).scan).toMatchObject({ segments: [], damage: [] });
    expect(files.paths()).toEqual([]);

    const other = new SpoolWorld(new SimFiles(), "process", randomFrom(1));
    await other.spool.store.open();
    other.give([{ what: "begin", pick: 0, bytes: 100 }]);
    other.files = other.files.kill();
    other.files.contentOf(path).fill(0, 0, 16);
    expect((await other.scan()).scan.damage).toEqual(["0000000001.seg: its header cannot be read"]);
    expect(other.files.paths()).toContain(path);
  });

  it("takes the rest of what has begun where it takes nothing new any more", async () => {
    const world = new SpoolWorld(new SimFiles(), "process", randomFrom(1));
    await world.spool.store.open();
    const begin = { what: "begin", pick: 0, bytes: 1500 } as const;
    while (world.exchanges.at(-1)?.state !== "broken") world.give([begin]);
    expect(world.spool.store.bytes).toBeLessThan(bytesMax);
    expect(world.spool.admits).toBe(false);
    world.give([{ what: "chunk", pick: 0, bytes: 1500 }]);
    world.give([{ what: "end", pick: 0, bytes: 1500 }]);
    expect(world.exchanges[0]?.state).toBe("ended");
    expect(world.exchanges[0]?.frames.map(({ promised }) => promised)).toEqual([true, true, true]);
  });

  it("stays within its bound when a flush fails while it is at it", async () => {
    type Frame = Extract<Life["steps"][number], { do: "give" }>["frames"][number];
    const frame =
      (what: Frame["what"]) =>
      (bytes: Frame["bytes"]): Frame => ({ what, pick: 0, bytes });
    const [begin, chunk, end] = [frame("begin"), frame("chunk"), frame("end")];
    const give = (...frames: Frame[]) => ({ do: "give" as const, frames });
    const one: Life = {
      steps: [
        give(begin(4100), begin(4100), begin(100)),
        give(begin(4100), begin(4100), end(1500)),
        give(begin(140), begin(60), begin(141), end(141), end(187), chunk(60)),
        give(end(187), begin(100), end(100), begin(20), begin(20), begin(20)),
        give(end(20), begin(4100), chunk(20)),
        give(begin(1500), begin(1500)),
        { do: "flush-fault", times: 1 },
        { do: "wait" },
        give(begin(20)),
      ],
      durability: "disk",
      end: "kill",
      seed: 0,
    };
    const files = new SimFiles();
    await live(one, new SpoolWorld(files, "disk", randomFrom(0)), files);
  });

  it("leaves no file behind when all that it held is settled", async () => {
    await fc.assert(
      fc.asyncProperty(life, async (one) => {
        const files = new SimFiles();
        const world = new SpoolWorld(files, one.durability, randomFrom(one.seed));
        await live(one, world, files);
        files.writeFaults = [];
        files.flushFaults = [];
        files.capacityBytes = Number.POSITIVE_INFINITY;
        await world.spool.idle;
        world.spool.settle(world.exchanges.map(({ seq }) => seq));
        await world.spool.end();
        expect(files.paths()).toEqual([]);
      }),
      { numRuns: Math.max(100, seeds / 10) },
    );
  });
});
