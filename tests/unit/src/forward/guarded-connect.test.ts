import type { lookup as dnsLookup, LookupAddress } from "node:dns";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { guardedLookup, isPublicAddress } from "../../../../src/forward/guarded-connect.js";

describe("an address that a tenant may choose", () => {
  it.each([
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.1.2.3",
    "100.100.100.200",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "192.0.0.192",
    "198.18.0.1",
    "168.63.129.16",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "2002:7f00:1::",
    "2001:db8::1",
    "localhost",
    "",
    "127.1",
  ])("is not %s", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    "8.8.8.8",
    "172.32.0.1",
    "172.15.0.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::",
  ])("may be %s", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it("is judged the same within IPv6 as without", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(`::ffff:${address}`)).toBe(isPublicAddress(address));
      }),
    );
  });
});

describe("a name that a tenant may choose", () => {
  const look = (addresses: readonly string[], all: boolean) =>
    new Promise<unknown>((resolve) => {
      const found: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
      const resolver = ((_host: string, _options: object, callback: (error: null, found: LookupAddress[]) => void) =>
        callback(null, found)) as unknown as typeof dnsLookup;
      guardedLookup(resolver)("rebinding.test", { all }, (error, address) => resolve(error ?? address));
    });

  it("has public addresses only", async () => {
    expect(await look(["8.8.8.8", "2606:4700::1111"], false)).toBe("8.8.8.8");
    expect(await look(["8.8.8.8"], true)).toEqual([{ address: "8.8.8.8", family: 4 }]);
  });

  it.each([[["8.8.8.8", "127.0.0.1"]], [["::1"]], [["169.254.169.254"]], [[]]])(
    "is refused with %j",
    async (addresses) => {
      expect(await look(addresses, true)).toMatchObject({ code: "upstream_forbidden", status: 403 });
    },
  );
});
