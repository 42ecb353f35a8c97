import { expect, it } from "vitest";
import { Secret } from "../../../../src/config/secret.js";
import { openWithKeys } from "../../../../src/keys/open-with-keys.js";

const [old, fresh] = [new Secret("1:old"), new Secret("2:new,1:old")];

/** Opens with the fresh keys only. */
const open = (masterKeys: string) =>
  masterKeys === fresh.reveal() ? Promise.resolve("opened") : Promise.reject(new Error("no such version"));

it("opens at once with the keys that are there", async () => {
  const watch = { keys: fresh, refresh: () => Promise.reject(new Error("nobody asks")) };
  expect(await openWithKeys(watch, open)).toBe("opened");
});

it("looks for newer keys when it cannot be opened", async () => {
  const watch = {
    keys: old,
    refresh() {
      watch.keys = fresh;
      return Promise.resolve(true);
    },
  };
  expect(await openWithKeys(watch, open)).toBe("opened");
});

it("opens with newer keys that somebody else had found meanwhile", async () => {
  const watch = { keys: old, refresh: () => Promise.resolve(false) };
  const opening = openWithKeys(watch, (masterKeys) => {
    watch.keys = fresh;
    return open(masterKeys);
  });
  expect(await opening).toBe("opened");
});

it("fails as before when there are no newer keys", async () => {
  const watch = { keys: old, refresh: () => Promise.resolve(false) };
  await expect(openWithKeys(watch, open)).rejects.toThrow("no such version");
});
