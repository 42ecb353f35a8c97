// Who runs the server when Loom is root, and where that user can get.
import { describe, expect, it } from "vitest";
import { findClosedFolder, mayEnter, pickServerUser } from "../../../../src/postgres/server-user.js";

const root = "root:x:0:0:root:/root:/bin/bash";
const nobody = "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin";
const postgres = "postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash";

describe("server-user", () => {
  it("prefers postgres to nobody, and takes nobody else", () => {
    expect(pickServerUser([root, nobody, postgres].join("\n"))).toEqual({ name: "postgres", uid: 101, gid: 104 });
    expect(pickServerUser([root, nobody].join("\n"))).toEqual({ name: "nobody", uid: 65534, gid: 65534 });
    expect(pickServerUser([root, "ann:x:1000:1000::/home/ann:/bin/sh"].join("\n"))).toBeNull();
  });

  it("never takes a second name of root", () => {
    expect(pickServerUser("postgres:x:0:0::/:/bin/sh")).toBeNull();
  });

  it("reads macOS's negative ids", () => {
    expect(pickServerUser("nobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false")?.uid).toBe(4_294_967_294);
  });

  it.each([
    [0o700, 0, 0, false],
    [0o711, 0, 0, true],
    [0o700, 101, 0, true],
    [0o610, 101, 104, false],
    [0o710, 0, 104, true],
    [0o701, 0, 104, false],
  ])("mode %o of %i:%i lets postgres in: %s", (mode, uid, gid, isOpen) => {
    expect(mayEnter({ mode, uid, gid }, { name: "postgres", uid: 101, gid: 104 })).toBe(isOpen);
  });

  it("finds nothing closed on the way to the root folder", async () => {
    expect(await findClosedFolder("/", { name: "nobody", uid: 65534, gid: 65534 })).toBeNull();
  });
});
