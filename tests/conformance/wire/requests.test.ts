// What both front ends make of a request, byte by byte on raw sockets: taken as it was meant, or refused with the
// connection closed. What may differ between their parsers is named in each row, and in docs/decisions/0030.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FrontEndName } from "../../../src/listen/front-end.js";
import { frontEndNames, openWire, Talk, type Wire } from "../../support/wire.js";

const head = "POST /v1/x HTTP/1.1\r\nHost: loom\r\n";
const body = '{"a":1}';
const whole = `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
const get = "GET /v1/x HTTP/1.1\r\nHost: loom\r\n";
const chunked = "Transfer-Encoding: chunked\r\n\r\n";

/** Status; one for both front ends, or one each, or several where it is a race of the addon's refusal and ours. */
type Verdict = number | Readonly<Record<FrontEndName, number | readonly number[]>>;

const refusals: readonly (readonly [name: string, bytes: string, verdict: Verdict])[] = [
  ["two Hosts", `${get}Host: other\r\n\r\n`, 400],
  ["two equal Hosts", `${get}Host: loom\r\n\r\n`, 400],
  ["no Host", "GET /v1/x HTTP/1.1\r\n\r\n", 400],
  ["an empty Host", "GET /v1/x HTTP/1.1\r\nHost: \r\n\r\n", 400],
  ["two different Content-Lengths", `${head}Content-Length: 7\r\nContent-Length: 3\r\n\r\n${body}`, 400],
  ["two equal Content-Lengths", `${head}Content-Length: 7\r\nContent-Length: 7\r\n\r\n${body}`, 400],
  ["a list of Content-Lengths", `${head}Content-Length: 7, 7\r\n\r\n${body}`, 400],
  ["a negative Content-Length", `${head}Content-Length: -1\r\n\r\n${body}`, 400],
  ["a Content-Length with a sign", `${head}Content-Length: +7\r\n\r\n${body}`, 400],
  ["a Content-Length in hexadecimal", `${head}Content-Length: 0x7\r\n\r\n${body}`, 400],
  ["a Content-Length beyond all numbers", `${head}Content-Length: 99999999999999999999\r\n\r\n`, 400],
  ["a length and chunks", `${head}Content-Length: 7\r\n${chunked}7\r\n${body}\r\n0\r\n\r\n`, 400],
  [
    "chunks and a length",
    `${head}Transfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n7\r\n${body}\r\n0\r\n\r\n`,
    400,
  ],
  [
    "a coding that is not chunked",
    `${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    { native: [411, 400], node: 400 },
  ],
  ["the coding identity", `${head}Transfer-Encoding: identity\r\n\r\n`, { native: [411, 400], node: 400 }],
  ["two codings", `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`, 400],
  ["a coding in disguise", `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, { native: [411, 400], node: 400 }],
  ["a coding after a tab", `${head}Transfer-Encoding:\tchunked, x\r\n\r\n0\r\n\r\n`, { native: [411, 400], node: 400 }],
  ["space before the colon", `${get}Content-Length : 7\r\n\r\n${body}`, 400],
  ["a header that is folded", `${get}X-A: b\r\n c\r\n\r\n`, 400],
  ["a first header that is folded", "GET /v1/x HTTP/1.1\r\n Host: loom\r\n\r\n", 400],
  ["a header without a colon", `${get}X-A\r\n\r\n`, 400],
  ["a name with a space", `${get}X A: x\r\n\r\n`, 400],
  ["NUL in a header", `${get}X-A: a\0b\r\n\r\n`, 400],
  ["NUL in a name", `${get}X\0A: b\r\n\r\n`, 400],
  ["NUL in the target", "GET /v1/\0 HTTP/1.1\r\nHost: loom\r\n\r\n", { native: 505, node: 400 }],
  ["bare LF everywhere", "GET /v1/x HTTP/1.1\nHost: loom\n\n", { native: 505, node: 400 }],
  ["bare LF after one header", `${get}X-A: b\nX-B: c\r\n\r\n`, 400],
  ["bare LF at the end", `${get.slice(0, -2)}\n\n`, 400],
  ["HTTP/1.0", "GET /v1/x HTTP/1.0\r\nHost: loom\r\n\r\n", { native: 505, node: 400 }],
  ["HTTP/2.0", "GET /v1/x HTTP/2.0\r\nHost: loom\r\n\r\n", { native: 505, node: 400 }],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", { native: 505, node: 400 }],
  ["an absolute target", "GET http://loom/v1/x HTTP/1.1\r\nHost: loom\r\n\r\n", { native: 505, node: 400 }],
  ["the target *", "OPTIONS * HTTP/1.1\r\nHost: loom\r\n\r\n", { native: 505, node: 400 }],
  ["CONNECT", "CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n", { native: 505, node: 400 }],
  ["a method in lower case", "get /v1/x HTTP/1.1\r\nHost: loom\r\n\r\n", 400],
  ["a method that is none", "G(E)T /v1/x HTTP/1.1\r\nHost: loom\r\n\r\n", 400],
  ["high bytes in the target", "GET /v1/\xff HTTP/1.1\r\nHost: loom\r\n\r\n", 400],
  ["a fragment in the target", "GET /v1/x#y HTTP/1.1\r\nHost: loom\r\n\r\n", 400],
  ["a backslash in the target", "GET /v1\\x HTTP/1.1\r\nHost: loom\r\n\r\n", 400],
  ["dot segments", "GET /v1/../x HTTP/1.1\r\nHost: loom\r\n\r\n", 400],
  [
    "a WebSocket",
    `${get}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n`,
    501,
  ],
  ["an expectation that nobody meets", `${head}Expect: 200-ok\r\nContent-Length: 7\r\n\r\n${body}`, 417],
  ["two Authorizations", `${get}Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n`, 400],
  ["97 headers", `${get}${"X-A: b\r\n".repeat(97)}\r\n`, 400],
  ["300 headers", `${get}${"X-A: b\r\n".repeat(300)}\r\n`, { native: 431, node: 400 }],
  ["a header of 40 KB", `${get}X-A: ${"b".repeat(40_000)}\r\n\r\n`, 431],
  ["a target of 40 KB", `GET /${"b".repeat(40_000)} HTTP/1.1\r\nHost: loom\r\n\r\n`, 431],
  ["a body over the bound", `${head}Content-Type: application/json\r\nContent-Length: 70000\r\n\r\n`, 413],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", { native: 505, node: 400 }],
];

describe.each(frontEndNames)("the front end %s", (name) => {
  let wire: Wire;
  beforeAll(async () => {
    wire = await openWire(name);
  });
  afterAll(() => wire.close());

  describe("given what must be refused", () => {
    let strict: Wire;
    beforeAll(async () => {
      strict = await openWire(name);
    });
    afterAll(() => {
      expect(strict.exchanges.map(({ path }) => path)).toEqual([]);
      strict.close();
    });

    test.concurrent.each(refusals)("refuses %s, and closes the connection", async (_name, bytes, verdict) => {
      const talk = new Talk(strict.port);
      await talk.write([bytes]);
      expect(await talk.ended(15_000)).toBe(true);
      const expected = typeof verdict === "object" ? verdict[name] : verdict;
      expect([expected].flat()).toContain(Number(talk.text.slice(9, 12)));
      talk.close();
    });

    test.concurrent.each(refusals)("after %s runs nothing that lies behind it", async (_name, bytes) => {
      const talk = new Talk(strict.port);
      await talk.write([`${bytes}GET /v1/smuggled HTTP/1.1\r\nHost: loom\r\n\r\n`]);
      expect(await talk.ended(15_000)).toBe(true);
      expect(talk.text.match(/HTTP\/1\.1 \d/g)?.length ?? 0).toBeLessThanOrEqual(1);
      talk.close();
    });
  });

  test.each([
    ["CR in a header", `${get}X-A: a\rb\r\n\r\n`],
    ["a request line without a version", "GET /v1/x\r\n\r\n"],
  ])("hands nothing over of %s, which it may take for the beginning of something", async (_name, bytes) => {
    const before = wire.exchanges.length;
    const talk = new Talk(wire.port);
    await talk.write([bytes]);
    await talk.ended(1000);
    expect(talk.text).not.toMatch(/^HTTP\/1\.1 2/);
    expect(wire.exchanges.length).toBe(before);
    talk.close();
  });

  test("refuses in the shape of OpenAI's errors wherever it has the word", async () => {
    const talk = new Talk(wire.port);
    await talk.write(["GET /v1/../x HTTP/1.1\r\nHost: loom\r\n\r\n"]);
    const [answer] = await talk.answers();
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ error: { code: "bad_request" } });
    expect(answer?.headers.get("connection")).toBe("close");
  });

  test("runs nothing that hides behind a header without a name", async () => {
    // uWebSockets.js does not see the lines after it, so what is a body to others is the next request to it.
    const talk = new Talk(wire.port);
    const hidden = "GET /v1/smuggled HTTP/1.1\r\nHost: loom\r\n\r\n";
    await talk.write([`${head}: x\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`]);
    expect(await talk.ended()).toBe(true);
    expect(wire.exchanges.filter(({ path }) => path === "/v1/smuggled")).toEqual([]);
    talk.close();
  });

  test("takes a request at every cut into two, and byte by byte", async () => {
    const expected = JSON.stringify({ method: "POST", path: "/v1/x", query: "", body });
    const cuts = Array.from({ length: whole.length - 1 }, (_, at) => [whole.slice(0, at + 1), whole.slice(at + 1)]);
    for (let from = 0; from < cuts.length; from += 25) {
      const talks = await Promise.all(
        cuts.slice(from, from + 25).map(async (pieces) => {
          const talk = new Talk(wire.port);
          await talk.write(pieces);
          return talk;
        }),
      );
      for (const talk of talks) {
        expect((await talk.answers())[0]).toMatchObject({ status: 200, body: expected });
        talk.close();
      }
    }
    const talk = new Talk(wire.port);
    await talk.write([...whole], 0);
    expect((await talk.answers())[0]).toMatchObject({ status: 200, body: expected });
    talk.close();
  });

  test("hands over the target as it was written", async () => {
    const talk = new Talk(wire.port);
    await talk.write(["GET /v1/models/a%2Fb%20c:d?x=%2F&y=a+b&&z HTTP/1.1\r\nHost: loom\r\n\r\n"]);
    const [answer] = await talk.answers();
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ path: "/v1/models/a%2Fb%20c:d", query: "x=%2F&y=a+b&&z" });
    talk.close();
  });

  test("takes one request after the other on one connection", async () => {
    const talk = new Talk(wire.port);
    for (let turn = 1; turn <= 5; turn += 1) {
      await talk.write([whole]);
      expect(await talk.answers(turn)).toHaveLength(turn);
    }
    expect(talk.state).toBe("open");
    talk.close();
  });

  test("tells a client that waits for it to go on with its body", async () => {
    const talk = new Talk(wire.port);
    await talk.write([`${head}Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`]);
    await talk.until(() => talk.text.includes("\r\n\r\n"));
    expect(talk.text).toMatch(/^HTTP\/1\.1 100 /);
    await talk.write([body]);
    expect((await talk.answers())[0]).toMatchObject({ status: 200, body: expect.stringContaining("POST") });
    talk.close();
  });

  test("takes an upgrade that it does not know for what it is without it", async () => {
    const talk = new Talk(wire.port);
    await talk.write([
      `${get}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n`,
    ]);
    expect((await talk.answers())[0]?.status).toBe(200);
    talk.close();
  });

  test("counts a half-closed connection as one whose client has left", async () => {
    const before = wire.exchanges.length;
    const talk = new Talk(wire.port);
    await talk.write([whole.slice(0, -1)]);
    talk.socket.end();
    expect(await talk.ended()).toBe(true);
    await expect.poll(() => wire.open).toBe(0);
    expect(wire.exchanges.length).toBe(before);
  });

  test("never takes bytes behind a request for a part of it", async () => {
    const talk = new Talk(wire.port);
    await talk.write([`${whole}{"b":2}`]);
    await talk.answers();
    for (const { body: handed } of wire.exchanges) expect(String(handed)).not.toContain('"b"');
  });

  test("a second request before the first one's answer is never run beside it", async () => {
    const slow = await openWire(name, {
      onExchange: ({ reply, path }) => {
        setTimeout(() => reply.send(200, [], path), 100);
      },
    });
    const talk = new Talk(slow.port);
    await talk.write([`${get}\r\nGET /v1/second HTTP/1.1\r\nHost: loom\r\n\r\n`]);
    expect(await talk.ended()).toBe(true);
    expect(slow.exchanges.map(({ path }) => path)).toEqual(["/v1/x"]);
    // The native front end gives up the connection at once; node:http answers the first and closes then.
    expect(readable(talk.text)).toEqual(name === "native" ? [] : ["/v1/x"]);
    slow.close();
  });
});

function readable(text: string): string[] {
  return [...text.matchAll(/\r\n\r\n([^\r]*)/g)].map(([, answer]) => answer ?? "");
}

describe("chunked bodies", () => {
  const cases: readonly (readonly [name: string, sent: string, verdict: Verdict])[] = [
    ["in one chunk", '7\r\n{"a":1}\r\n0\r\n\r\n', 200],
    ["in three chunks", '1\r\n{\r\n5\r\n"a":1\r\n1\r\n}\r\n0\r\n\r\n', 200],
    ["with leading zeros", '0007\r\n{"a":1}\r\n000\r\n\r\n', 200],
    ["of nothing", "0\r\n\r\n", 200],
    ["with a size that is no number", "g\r\n{\r\n0\r\n\r\n", { native: [408, 400], node: 400 }],
    ["with a size beyond all numbers", "fffffffffffffffff\r\n{\r\n0\r\n\r\n", { native: [408, 400], node: 400 }],
    ["with a negative size", "-1\r\n{\r\n0\r\n\r\n", { native: [408, 400], node: 400 }],
  ];

  test.each(frontEndNames)(
    "are refused by the native front end and taken by node:http, unless told: %s",
    async (name) => {
      const wire = await openWire(name);
      const talk = new Talk(wire.port);
      await talk.write([`${head}${chunked}7\r\n${body}\r\n0\r\n\r\n`]);
      expect((await talk.answers())[0]?.status).toBe(name === "native" ? 411 : 200);
      wire.close();
      const told = await openWire(name, { chunkedRequests: "refuse" });
      const other = new Talk(told.port);
      await other.write([`${head}${chunked}7\r\n${body}\r\n0\r\n\r\n`]);
      expect((await other.answers())[0]?.status).toBe(411);
      expect(await other.ended()).toBe(true);
      told.close();
    },
  );

  describe.each(frontEndNames)("where they are accepted, by %s", (name) => {
    let wire: Wire;
    beforeAll(async () => {
      wire = await openWire(name, { chunkedRequests: "accept", bodyTimeoutMs: 1500 });
    });
    afterAll(() => wire.close());

    test.each(cases)("%s", async (_name, sent, verdict) => {
      const talk = new Talk(wire.port);
      await talk.write([`${head}${chunked}${sent}`]);
      await talk.until(() => talk.text.length > 0, 15_000);
      const expected = typeof verdict === "object" ? verdict[name] : verdict;
      expect([expected].flat()).toContain(Number(talk.text.slice(9, 12)));
      talk.close();
    });

    test.each([
      ["extensions", `7;a=b\r\n${body}\r\n0\r\n\r\n`],
      ["a bare LF after a size", `7\n${body}\r\n0\r\n\r\n`],
      ["wrong bytes after a chunk", `7\r\n${body}XX0\r\n\r\n`],
      ["wrong bytes after the last chunk", `7\r\n${body}\r\n0\r\nXX`],
      ["trailers", `7\r\n${body}\r\n0\r\nX-A: b\r\n\r\n`],
    ])("with %s hand over the body that was meant or none, and never a second request", async (_name, sent) => {
      const before = wire.exchanges.length;
      const talk = new Talk(wire.port);
      await talk.write([`${head}${chunked}${sent}GET /v1/smuggled HTTP/1.1\r\nHost: loom\r\n\r\n`]);
      await talk.ended(4000);
      const handed = wire.exchanges.slice(before);
      expect(handed.filter(({ path }) => path === "/v1/smuggled" && name === "native")).toEqual([]);
      const first = handed.filter(({ path }) => path === "/v1/x");
      expect(first.length).toBeLessThanOrEqual(1);
      for (const exchange of first) expect(String(exchange.body)).toBe(body);
      talk.close();
    });

    test("over the bound are refused", async () => {
      const talk = new Talk(wire.port);
      await talk.write([`${head}${chunked}${"10000\r\n"}${"x".repeat(65_536)}\r\n1\r\nx\r\n0\r\n\r\n`]);
      await talk.until(() => talk.text.length > 0);
      expect(talk.text).toMatch(/^HTTP\/1\.1 413/);
      talk.close();
    });
  });
});
