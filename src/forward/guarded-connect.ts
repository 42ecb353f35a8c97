// Connections to base URLs that a tenant gave: never to an address inside the operator's own network. Judged when the
// connection is made, on the addresses that the name has at that moment, so that a name cannot change its meaning in
// between; Loom follows no redirects, so that an answer cannot change it either. Sources: IANA special-purpose address
// registries (RFC 6890 and its successors), OWASP "Server-Side Request Forgery Prevention".
import { lookup as dnsLookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { buildConnector } from "undici";
import { LoomError } from "../errors/loom-error.js";

const ipv4Ranges = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"],
  // The last is Azure's metadata server, the one of that kind in a public range.
  ...["203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"],
];
const ipv6Ranges = [
  ...["::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "fc00::/7", "fe80::/10"],
  ...["fec0::/10", "ff00::/8", "3fff::/20", "5f00::/16"],
];
/** Prefixes of IPv6 addresses that carry an IPv4 address, and where: mapped, compatible, NAT64 and 6to4. */
const carriers = [
  { prefix: "00000000000000000000ffff", at: 24 },
  { prefix: "000000000000000000000000", at: 24 },
  { prefix: "0064ff9b0000000000000000", at: 24 },
  { prefix: "2002", at: 4 },
];

function makeBlockList(): BlockList {
  const list = new BlockList();
  for (const [family, ranges] of [["ipv4", ipv4Ranges] as const, ["ipv6", ipv6Ranges] as const]) {
    for (const range of ranges) {
      const [network = "", bits = ""] = range.split("/");
      list.addSubnet(network, Number(bits), family);
    }
  }
  return list;
}

const forbidden = makeBlockList();

/** The 32 hex digits of an IPv6 address, without its zone. */
function hexOf(address: string): string {
  // The URL parser writes it in its shortest form, an embedded IPv4 address as hex.
  const plain = new URL(`http://[${address.split("%")[0]}]/`).hostname.slice(1, -1);
  const [head = "", tail] = plain.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":").map((group) => group.padStart(4, "0")));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(missing).fill("0000"), ...after].join("");
}

/** Whether a tenant's base URL may lead to this address. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !forbidden.check(address, "ipv4");
  if (family !== 6) return false;
  const hex = hexOf(address);
  const carrier = carriers.find(({ prefix }) => hex.startsWith(prefix));
  if (carrier !== undefined) {
    const inner = hex.slice(carrier.at, carrier.at + 8).match(/../g) ?? [];
    if (!isPublicAddress(inner.map((byte) => Number.parseInt(byte, 16)).join("."))) return false;
  }
  return !forbidden.check(address.split("%")[0] ?? "", "ipv6");
}

function refuse(host: string): LoomError {
  return new LoomError("upstream_forbidden", {
    message: `The provider's address ${host} is not a public one. An operator can allow it with upstream.allowedHosts.`,
  });
}

/** Resolves like `dns.lookup`, and fails for a name that has any address which is not public. */
export function guardedLookup(resolve: typeof dnsLookup = dnsLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const found = Array.isArray(addresses) ? addresses : [];
      const [first] = found;
      if (error !== null) callback(error, "", 0);
      else if (first === undefined || found.some(({ address }) => !isPublicAddress(address))) {
        callback(refuse(hostname), "", 0);
      } else if (options.all === true) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };
}

/** A connector of undici for base URLs that a tenant gave. `allowedHosts`: names and addresses that are not judged. */
export function guardedConnector(timeoutMs: number, allowedHosts: ReadonlySet<string>): buildConnector.connector {
  const direct = buildConnector({ timeout: timeoutMs, noDelay: true });
  const guarded = buildConnector({ timeout: timeoutMs, noDelay: true, lookup: guardedLookup() });
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, "").toLowerCase();
    if (allowedHosts.has(host)) direct(options, callback);
    else if (isIP(host) !== 0 && !isPublicAddress(host)) callback(refuse(host), null);
    else guarded(options, callback);
  };
}
