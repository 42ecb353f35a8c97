import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Authenticator } from "../../../../src/authenticate/authenticate.js";
import { hashClientKey } from "../../../../src/authenticate/client-key.js";
import type { LoadedKey } from "../../../../src/authenticate/load-caller.js";
import type { Caller } from "../../../../src/config/tenant.js";
import { limits } from "../../../../src/limits.js";

const freshMs = 1000;
const staleMaxMs = 60_000;
const keyOf = (name: string) => `sk-loom-${name}-${"s".repeat(32)}`;
const headersOf = (name: string) => new Map([["authorization", `Bearer ${keyOf(name)}`]]);

function loaded(name: string, change: Partial<LoadedKey> = {}): LoadedKey {
  const tenant = {
    id: "t1",
    name: "t",
    keySalt: null,
    defaultProvider: null,
    failurePolicy: "refuse" as const,
    providers: new Map(),
    routes: new Map(),
  };
  return {
    caller: { tenant, apiKeyId: name, scopes: [], onDisconnect: "cancel" },
    usable: true,
    expiresAtMs: null,
    ...change,
  };
}

/** The database: what it answers, and every question that it was asked. */
class Keys {
  readonly rows = new Map<string, LoadedKey>();
  asked = 0;
  away = false;
  nowMs = 1000;
  gate: Promise<void> | null = null;

  put(row: LoadedKey): void {
    this.rows.set(hashClientKey(keyOf(row.caller.apiKeyId)), row);
  }

  /** Lets every question wait until the function that it gives is called. */
  shut(): () => void {
    let open = () => {};
    this.gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }

  open(): Authenticator {
    return new Authenticator({
      load: async (keyHash) => {
        this.asked += 1;
        await this.gate;
        if (this.away) throw new Error("the database is away");
        return this.rows.get(keyHash) ?? null;
      },
      freshMs,
      staleMaxMs,
      now: () => this.nowMs,
    });
  }
}

let keys: Keys;
let authenticator: Authenticator;
const enter = async (name: string): Promise<Caller> => authenticator.authenticate(headersOf(name));
const refused = (code: string) => expect.objectContaining({ code }) as Error;
beforeEach(() => {
  keys = new Keys();
  keys.put(loaded("a"));
  authenticator = keys.open();
});
afterEach(() => vi.useRealTimers());

describe("a known key", () => {
  it("is asked for once, and then served without a promise", async () => {
    expect((await enter("a")).apiKeyId).toBe("a");
    expect(authenticator.authenticate(headersOf("a"))).not.toBeInstanceOf(Promise);
    expect(keys.asked).toBe(1);
  });

  it("is asked for once however many requests wait for it", async () => {
    const callers = await Promise.all(Array.from({ length: 20 }, () => enter("a")));
    expect(callers).toHaveLength(20);
    expect(keys.asked).toBe(1);
  });

  it("that has aged is served at once and asked for again beside", async () => {
    await enter("a");
    keys.nowMs += freshMs + 1;
    keys.put(loaded("a", { usable: false }));
    expect(authenticator.authenticate(headersOf("a"))).not.toBeInstanceOf(Promise);
    expect(keys.asked).toBe(2);
    await vi.waitFor(() =>
      expect(() => authenticator.authenticate(headersOf("a"))).toThrow(refused("invalid_api_key")),
    );
  });

  it("older than may be served is asked for first", async () => {
    await enter("a");
    keys.nowMs += staleMaxMs + 1;
    keys.put(loaded("a", { usable: false }));
    await expect(enter("a")).rejects.toThrow(refused("invalid_api_key"));
  });

  it.each([
    ["revoked", { usable: false }],
    ["expired", { expiresAtMs: Date.now() - 1 }],
  ])("that is %s is refused", async (_, change) => {
    keys.put(loaded("a", change));
    await expect(enter("a")).rejects.toThrow(refused("invalid_api_key"));
  });

  it("is refused at its expiry, also out of the cache", async () => {
    vi.useFakeTimers();
    keys.put(loaded("a", { expiresAtMs: Date.now() + 1000 }));
    await enter("a");
    vi.setSystemTime(Date.now() + 1000);
    await expect(enter("a")).rejects.toThrow(refused("invalid_api_key"));
  });
});

describe("an unknown key", () => {
  it("is refused, and asked for again only after a while", async () => {
    await expect(enter("x")).rejects.toThrow(refused("invalid_api_key"));
    await expect(enter("x")).rejects.toThrow(refused("invalid_api_key"));
    expect(keys.asked).toBe(1);
    keys.put(loaded("x"));
    keys.nowMs += limits.unknownKeyMs + 1;
    expect((await enter("x")).apiKeyId).toBe("x");
  });

  it("is asked for at once after a change was noted", async () => {
    await expect(enter("x")).rejects.toThrow(refused("invalid_api_key"));
    keys.put(loaded("x"));
    authenticator.noteChange("t1", false);
    expect((await enter("x")).apiKeyId).toBe("x");
  });

  it("of a flood evicts no good key", async () => {
    await enter("a");
    const guesses = Array.from({ length: limits.cachedUnknownKeysMax + 100 }, (_, index) => `g${index}`);
    for (const guess of guesses) await enter(guess).catch(() => {});
    keys.asked = 0;
    expect(authenticator.authenticate(headersOf("a"))).not.toBeInstanceOf(Promise);
    expect(keys.asked).toBe(0);
  });
});

describe("a noted change", () => {
  it("makes the tenant's keys be asked for before they are served, and only this tenant's", async () => {
    const other = loaded("b");
    keys.put({ ...other, caller: { ...other.caller, tenant: { ...other.caller.tenant, id: "t2" } } });
    await Promise.all([enter("a"), enter("b")]);
    keys.nowMs += 1;
    authenticator.noteChange("t1", true);
    keys.nowMs += 1;
    keys.put(loaded("a", { usable: false }));
    await expect(enter("a")).rejects.toThrow(refused("invalid_api_key"));
    expect(authenticator.authenticate(headersOf("b"))).not.toBeInstanceOf(Promise);
    expect(keys.asked).toBe(3);
  });

  it("that comes while the key is asked for makes the answer stale", async () => {
    const resolve = keys.shut();
    const first = enter("a");
    keys.nowMs += 1;
    authenticator.noteChange("t1", true);
    keys.nowMs += 1;
    resolve();
    await first;
    await enter("a");
    expect(keys.asked).toBe(2);
  });

  it("is not forgotten when nothing else happened: the answer after it is fresh again", async () => {
    await enter("a");
    authenticator.noteChange("t1", true);
    keys.nowMs += 1;
    await enter("a");
    await enter("a");
    expect(keys.asked).toBe(2);
  });

  it("may have been missed: after a gap everything is asked for again", async () => {
    await enter("a");
    keys.nowMs += 1;
    authenticator.noteGap();
    keys.nowMs += 1;
    await enter("a");
    expect(keys.asked).toBe(2);
  });
});

describe("while the database is away", () => {
  it("the last known answer is served, up to its bound", async () => {
    await enter("a");
    keys.away = true;
    keys.nowMs += 1;
    authenticator.noteGap();
    keys.nowMs += staleMaxMs - 1;
    expect((await enter("a")).apiKeyId).toBe("a");
    keys.nowMs += 1;
    await expect(enter("a")).rejects.toThrow(refused("auth_unavailable"));
  });

  it("a key that may have been revoked is not served", async () => {
    await enter("a");
    authenticator.noteChange("t1", true);
    keys.away = true;
    await expect(enter("a")).rejects.toThrow(refused("auth_unavailable"));
  });

  it("a key whose tenant changed in some other way is served", async () => {
    await enter("a");
    authenticator.noteChange("t1", false);
    keys.away = true;
    expect((await enter("a")).apiKeyId).toBe("a");
  });

  it("a revocation noted first is not forgotten over a lesser change", async () => {
    await enter("a");
    authenticator.noteChange("t1", true);
    authenticator.noteChange("t1", false);
    keys.away = true;
    await expect(enter("a")).rejects.toThrow(refused("auth_unavailable"));
  });

  it("an unknown key is not called invalid", async () => {
    keys.away = true;
    await expect(enter("x")).rejects.toThrow(refused("auth_unavailable"));
    keys.away = false;
    keys.put(loaded("x"));
    expect((await enter("x")).apiKeyId).toBe("x");
  });

  it("no more than so many keys wait for it", async () => {
    const resolve = keys.shut();
    const waiting = Array.from({ length: limits.pendingKeyLookupsMax }, (_, index) =>
      enter(`w${index}`).catch(() => null),
    );
    await expect(enter("a")).rejects.toThrow(refused("auth_unavailable"));
    resolve();
    await Promise.all(waiting);
    expect((await enter("a")).apiKeyId).toBe("a");
  });
});

describe("a snapshot's view of the cache", () => {
  it("leaves out what a change made doubtful, until it was asked again", async () => {
    const keys = new Keys();
    keys.put(loaded("a"));
    const authenticator = keys.open();
    await authenticator.authenticate(headersOf("a"));
    expect([...authenticator.known(0)]).toHaveLength(1);
    keys.nowMs += 1;
    authenticator.noteChange("t1", true);
    expect([...authenticator.known(0)]).toHaveLength(0);
    keys.nowMs += 1;
    await authenticator.recheckChanged(10);
    expect([...authenticator.known(0)]).toHaveLength(1);
  });

  it("asks about no more keys than it was told, and forgets one that was revoked", async () => {
    const keys = new Keys();
    for (const name of ["a", "b", "c"]) keys.put(loaded(name));
    const authenticator = keys.open();
    for (const name of ["a", "b", "c"]) await authenticator.authenticate(headersOf(name));
    keys.nowMs += 1;
    authenticator.noteChange("t1", true);
    keys.put(loaded("c", { usable: false }));
    const before = keys.asked;
    keys.nowMs += 1;
    await authenticator.recheckChanged(2);
    expect(keys.asked - before).toBe(2);
    await authenticator.recheckChanged(10);
    expect([...authenticator.known(0)].map(({ loaded: key }) => key.caller.apiKeyId).sort()).toEqual(["a", "b"]);
  });
});
