import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Secret } from "../../../../src/config/secret.js";
import { watchMasterKeys } from "../../../../src/keys/key-watch.js";
import type { MasterKeySource } from "../../../../src/keys/master-key-source.js";

/** A source whose text and mark the test sets. */
function makeSource() {
  const state = { text: "1:a", stamp: "0" as string | null, fault: null as Error | null, reads: 0 };
  const source: MasterKeySource = {
    description: "a test",
    read: async () => {
      state.reads += 1;
      if (state.fault !== null) throw state.fault;
      return { keys: new Secret(state.text), made: false, file: null };
    },
    add: async () => {
      throw new Error("not asked");
    },
    stamp: () => state.stamp,
  };
  return { state, source };
}

async function watch(source: MasterKeySource, everyMs = 5) {
  const seen: string[] = [];
  const faults: unknown[] = [];
  const watching = await watchMasterKeys(source, { onFault: (error) => faults.push(error), everyMs });
  watching.onChange((keys) => seen.push(keys.reveal()));
  return { seen, faults, watching };
}

test("a replaced file is taken, once, and an unchanged one is not read again", async () => {
  const { state, source } = makeSource();
  const { seen, watching } = await watch(source);
  await sleep(30);
  expect(state.reads).toBe(1);
  Object.assign(state, { text: "2:b,1:a", stamp: "1" });
  await expect.poll(() => seen).toEqual(["2:b,1:a"]);
  expect(watching.keys.reveal()).toBe("2:b,1:a");
  expect(watching.first.keys.reveal()).toBe("1:a");
  await sleep(30);
  expect([seen.length, state.reads]).toEqual([1, 2]);
  watching.stop();
});

test("whoever cannot wait asks at once, and many who ask share one reading", async () => {
  const { state, source } = makeSource();
  const { seen, watching } = await watch(source, 60_000);
  expect(await watching.refresh()).toBe(false);
  Object.assign(state, { text: "2:b,1:a", stamp: "1" });
  expect(await Promise.all([watching.refresh(), watching.refresh()])).toEqual([true, true]);
  expect([seen.length, state.reads]).toEqual([1, 2]);
  watching.stop();
});

test("a file that cannot be used is told of once, and what was there before stays", async () => {
  const { state, source } = makeSource();
  const { seen, faults, watching } = await watch(source);
  Object.assign(state, { fault: new Error("half a file"), stamp: "1" });
  await expect.poll(() => faults).toHaveLength(1);
  await sleep(30);
  expect([faults.length, watching.keys.reveal()]).toEqual([1, "1:a"]);
  Object.assign(state, { fault: null, text: "2:b,1:a", stamp: "2" });
  await expect.poll(() => seen).toEqual(["2:b,1:a"]);
  watching.stop();
});

test("a process without keys does not start", async () => {
  const { state, source } = makeSource();
  state.fault = new Error("Vault is away");
  await expect(watch(source)).rejects.toThrow("Vault is away");
});
