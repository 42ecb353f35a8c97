import { describe, expect, test } from "vitest";
import { ResponseReader } from "../../../../bench/load/response-reader.js";

const answers = {
  "a length": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  "chunks with a trailer":
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=1\r\n0123456789\r\n0\r\nt: 1\r\n\r\n",
  "no body": "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
  "an interim answer first": "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
};

describe("the response reader", () => {
  test.each(Object.entries(answers))("reads %s, wherever the network cut it", (_what, text) => {
    const bytes = Buffer.from(text);
    const status = text.includes("503") ? 503 : 200;
    for (let cut = 0; cut < bytes.length; cut += 1) {
      const reader = new ResponseReader();
      expect(reader.read(bytes.subarray(0, cut))).toBeNull();
      expect(reader.read(bytes.subarray(cut))).toEqual({ status, keepsAlive: true });
    }
  });

  test("reads one answer after the other, a byte at a time", () => {
    const reader = new ResponseReader();
    const statuses: number[] = [];
    for (const text of Object.values(answers)) {
      for (const byte of Buffer.from(text)) {
        const answer = reader.read(Buffer.of(byte));
        if (answer !== null) statuses.push(answer.status);
      }
    }
    expect(statuses).toEqual([200, 200, 503, 200]);
  });

  test("takes the end of the connection for the end of a body without a length, and for nothing else", () => {
    const open = new ResponseReader();
    expect(open.read(Buffer.from("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhel"))).toBeNull();
    expect(open.end()).toEqual({ status: 200, keepsAlive: false });
    const cut = new ResponseReader();
    expect(cut.read(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel"))).toBeNull();
    expect(cut.end()).toBeNull();
  });

  test("says when the connection will not be kept", () => {
    const text = "HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 1\r\n\r\nx";
    expect(new ResponseReader().read(Buffer.from(text))).toEqual({ status: 200, keepsAlive: false });
  });

  test.each([
    ["what is no HTTP", "SSH-2.0-OpenSSH\r\n\r\n"],
    ["bytes after the answer", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxy"],
    ["a chunk without a size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
    ["a head without an end", `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(20_000)}`],
  ])("throws for %s", (_what, text) => {
    expect(() => new ResponseReader().read(Buffer.from(text))).toThrow();
  });
});
