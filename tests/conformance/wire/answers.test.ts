// What a client gets of a provider's answer, byte by byte: the whole path between two raw sockets, on both front ends.
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FuzzCase } from "../../fuzz/case.js";
import { openPathWorld } from "../../fuzz/path-world.js";
import type { FuzzWorld } from "../../fuzz/world.js";
import { type Answer, frontEndNames, readChunks, Talk } from "../../support/wire.js";

const seed = Date.now() % 2 ** 31;
const done = "data: [DONE]\n\n";
const finish = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n';
const event = 'data: {"choices":[{"delta":{"content":"é😀"},"finish_reason":null}]}\n\n';
const usage = '{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}';

const lateUsage = `${event}${finish}${done}data: {"choices":[],"usage":${usage}}\n\n`;

/** facts: SSE framing of the WHATWG, and what providers do. */
const wholeStreams: Readonly<Record<string, string>> = {
  "a byte order mark": `\ufeff${event}${done}`,
  CRLF: `${event}${done}`.replaceAll("\n", "\r\n"),
  CR: `${event}${done}`.replaceAll("\n", "\r"),
  "line ends of all kinds": `data: a\r\n\r\ndata: b\r\rdata: c\n\r\n${finish}${done}`,
  comments: `: OPENROUTER PROCESSING\n\n${event}:\n:\n\n${event}: [DONE]\n\n${done}`,
  "keep-alive comments without a blank line": `: ping\n: ping\n${event}${done}`,
  "an event of its own name": `event: ping\n\n${event}id: 1\nretry: 10\n${event}${done}`,
  "two lines of data": `data: a\ndata: b\n\ndata\n\ndata\ndata\n\ndata:  two\n\n${done}`,
  "blank lines before everything": `\n\n\r\n${event}${done}`,
  "no space after the colon": `data:{"choices":[]}\n\ndata:[DONE]\n\n`,
  "usage in every chunk": `${event.replace("}]}", `}],"usage":${usage}}`).repeat(3)}${done}`,
  "usage in the last content chunk": `${event}${finish.replace("}]}", `}],"usage":${usage}}`)}${done}`,
  "usage in x_groq": `${event}data: {"choices":[],"x_groq":{"usage":${usage}}}\n\n${done}`,
  "usage before [DONE]": `${event}${finish}data: {"choices":[],"usage":${usage}}\n\n${done}`,
  "usage after [DONE]": lateUsage,
  "an end without [DONE]": `${event}${finish}`,
  "an end without its last line end": `${event}${finish}data: [DONE]`,
  "an error event": `${event}data: {"error":{"message":"overloaded","type":"server_error"}}\n\n`,
  "an error event by name": `${event}event: error\ndata: {"message":"overloaded"}\n\n`,
  "the word [DONE] in a text": `data: {"choices":[{"delta":{"content":"data: [DONE]\\n\\n"}}]}\n\n${finish}${done}`,
};

const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
const latin = (text: string): string => Buffer.from(text).toString("latin1");

function chunked(body: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, turn = 0; at < body.length; turn += 1) {
    const piece = body.slice(at, at + (sizes.length === 0 ? body.length : (sizes[turn % sizes.length] ?? 1)));
    pieces.push(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    at += piece.length;
  }
  return pieces;
}

describe.each(frontEndNames)("an answer through the path, on %s", (name) => {
  let world: FuzzWorld;
  let index = 0;
  beforeAll(async () => {
    world = await openPathWorld(name);
  });
  afterAll(() => world.close());

  type Asked = { streamed?: boolean; headers?: string; afterwards?: FuzzCase["answer"]["afterwards"] };

  /** Plays one exchange: the provider answers with these pieces. */
  async function play(pieces: readonly string[], { streamed = true, headers = "", afterwards = "stay" }: Asked = {}) {
    index += 1;
    const marker = `mk${index}z0k`;
    const options = streamed ? ',"stream":true,"stream_options":{"include_usage":true}' : "";
    const body = `{"model":"openai/x","messages":[{"role":"user","content":"${marker}"}]${options}}`;
    const sound = { index, marker, kind: "sound" as const, streamed, request: [], leavesAfterBytes: null };
    world.provider.cases.set(index, { ...sound, answer: { pieces, afterwards, body: "" } });
    const talk = new Talk(world.port);
    const auth = `Host: loom\r\nAuthorization: Bearer ${world.keys[0]}\r\nContent-Type: application/json\r\n`;
    await talk.write([
      `POST /v1/chat/completions HTTP/1.1\r\n${auth}${headers}Content-Length: ${body.length}\r\n\r\n${body}`,
    ]);
    const answers: Answer[] = await talk.answers(1, 20_000);
    talk.close();
    world.provider.cases.delete(index);
    return { answer: answers[0], text: talk.text };
  }

  test.each(Object.entries(wholeStreams))(
    "a stream with %s is the same, whole and byte by byte",
    async (_name, stream) => {
      const body = latin(stream);
      // What lies behind [DONE] is awaited for a tenth of a second only, which a busy machine needs for single bytes.
      for (const sizes of [[], stream === lateUsage ? [40] : [1]]) {
        const { answer } = await play([
          `${head}Transfer-Encoding: chunked\r\n\r\n`,
          ...chunked(body, sizes),
          "0\r\n\r\n",
        ]);
        expect(answer?.status).toBe(200);
        expect(answer?.body).toBe(body);
      }
    },
  );

  test(`any of these streams is the same at random cuts (seed ${seed})`, async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.values(wholeStreams).filter((stream) => stream !== lateUsage)),
        sizes,
        async (stream, cuts) => {
          const body = latin(stream);
          const { answer } = await play([
            `${head}Transfer-Encoding: chunked\r\n\r\n`,
            ...chunked(body, cuts),
            "0\r\n\r\n",
          ]);
          expect(answer?.body).toBe(body);
        },
      ),
      { seed, numRuns: 40 },
    );
  });

  test("an event of 8 MB is the same", async () => {
    const body = `data: {"choices":[],"b64":"${"x".repeat(8 * 1024 * 1024)}"}\n\n${finish}${done}`;
    const { answer } = await play([
      `${head}Transfer-Encoding: chunked\r\n\r\n`,
      ...chunked(body, [60_000]),
      "0\r\n\r\n",
    ]);
    expect(answer?.body.length).toBe(body.length);
    expect(answer?.body === body).toBe(true);
  });

  test.each([
    ["cut in an event", event.repeat(2).slice(0, -30), "end"],
    ["cut between events", event.repeat(2), "end"],
    ["reset in an event", event.repeat(2).slice(0, -30), "reset"],
    ["ended properly without having finished", event.repeat(2), "stay"],
  ] as const)(
    "a stream that is %s never ends cleanly: an error event, and a broken connection",
    async (_name, stream, afterwards) => {
      const pieces = [`${head}Transfer-Encoding: chunked\r\n\r\n`, ...chunked(latin(stream), [])];
      const { answer, text } = await play(afterwards === "stay" ? [...pieces, "0\r\n\r\n"] : pieces, { afterwards });
      expect(answer).toBeUndefined();
      const body = text.slice(text.indexOf("\r\n\r\n") + 4);
      expect(readChunks(text, text.indexOf("\r\n\r\n") + 4)).toBeNull();
      expect(body).toMatch(/data: \{"error":.*"upstream_cut"/s);
      expect(body).not.toContain("[DONE]");
    },
  );

  test("blank lines before a JSON body are the same", async () => {
    const body = '\n\n \r\n{"choices":[]}';
    const json = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const { answer } = await play([json, ...body.split("")], { streamed: false });
    expect(answer?.body).toBe(body);
  });

  test.each([
    ["a bare LF", "X-A: a\nInjected: yes"],
    ["a bare CR", "X-A: a\rInjected: yes"],
    ["a CR before the line's end", "X-A: a\r\r\nInjected: yes\r"],
    ["NUL", "X-A: a\0Injected: yes"],
    ["a folded line", "X-A: a\r\n Injected: yes"],
    ["a control character", "X-A: a\x01b"],
    ["a name that is none", "X A: a"],
  ])("a header with %s splits nothing", async (_name, line) => {
    const json = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${line}\r\nContent-Length: 2\r\n\r\n{}`;
    const { answer, text } = await play([json], { streamed: false });
    expect([200, 502]).toContain(answer?.status);
    expect(answer?.headers.has("injected")).toBe(false);
    expect(text.match(/^HTTP\/1\.1 \d/gm)).toHaveLength(1);
    for (const [header, value] of answer?.headers ?? []) expect(header + value).toMatch(/^[\t\x20-\x7e\x80-\xff]*$/);
  });

  test("headers of one connection, or of the provider's host, end there", async () => {
    const hop =
      "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nProxy-Authenticate: x\r\nTrailer: x\r\n";
    const host =
      "Set-Cookie: a=b\r\nAlt-Svc: h3\r\nStrict-Transport-Security: max-age=1\r\nX-Loom-Trace-Id: forged\r\n";
    const kept = "X-Ratelimit-Remaining: 9\r\nX-Name: caf\xe9\r\nX-Twice: 1\r\nX-Twice: 2\r\n";
    const json = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${hop}${host}${kept}Content-Length: 2\r\n\r\n{}`;
    const { answer, text } = await play([json], { streamed: false });
    const names = [...(answer?.headers.keys() ?? [])];
    for (const header of [
      "x-hop",
      "proxy-authenticate",
      "trailer",
      "set-cookie",
      "alt-svc",
      "strict-transport-security",
    ])
      expect(names).not.toContain(header);
    expect(text).not.toContain("timeout=9");
    expect(text).not.toContain("forged");
    expect(answer?.headers.get("x-ratelimit-remaining")).toBe("9");
    expect(answer?.headers.get("x-name")).toBe("caf\xe9");
    expect(text.match(/^x-twice: [12]\r$/gim)).toHaveLength(2);
  });

  test("a client's headers stay with Loom unless they are on the list", async () => {
    const before = world.provider.faults.length;
    const headers = [
      "X-Forwarded-For: 1.2.3.4",
      "Cookie: secret-cookie",
      "Proxy-Authorization: secret-proxy",
      "TE: trailers",
    ];
    const more = [
      "Connection: keep-alive, X-Hop",
      "X-Hop: secret-hop",
      "Accept-Encoding: gzip, br",
      "Via: 1.1 secret-via",
    ];
    const json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    await play([json], { streamed: false, headers: `${[...headers, ...more].join("\r\n")}\r\n` });
    // The provider of the fuzzer knows what must never reach one.
    expect(world.provider.faults.slice(before)).toEqual([]);
    expect(world.provider.lastHead).toMatch(/^accept-encoding: identity\r$/m);
    expect(world.provider.lastHead).not.toMatch(/^(?:via|cookie|te|x-)/im);
  });

  test.each([
    ["an answer", "application/json", '{"choices":[]}', false],
    ["a stream", "text/event-stream", `${event}${finish}${done}`, true],
  ] as const)(
    "%s that the provider compresses all the same reaches the client as it is",
    async (_name, type, plain, streamed) => {
      const body = gzipSync(plain).toString("latin1");
      const answerHead = `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n`;
      const { answer } = await play([answerHead, ...chunked(body, [20]), "0\r\n\r\n"], {
        streamed,
        headers: "Accept-Encoding: gzip\r\n",
      });
      expect(answer?.headers.get("content-encoding")).toBe("gzip");
      expect(answer?.body).toBe(body);
    },
  );

  test("no path waits for a delayed acknowledgement", async () => {
    const times: number[] = [];
    const stream = [
      `${head}Transfer-Encoding: chunked\r\n\r\n`,
      ...chunked(latin(`${event}${finish}${done}`), [30]),
      "0\r\n\r\n",
    ];
    for (let turn = 0; turn < 40; turn += 1) {
      const startedAtMs = performance.now();
      await play(stream);
      times.push(performance.now() - startedAtMs);
    }
    // Nagle's algorithm would add 40 ms to every one of them; a busy machine does so to some.
    const quarter = times.toSorted((a, b) => a - b)[10] ?? 0;
    expect(quarter).toBeLessThan(35);
  });
});
