// One case: what the client sends and what the provider answers, both made of a seed and a number, so that a case that
// failed can be made again.
import { Chance, hashText } from "../fault/support/random.js";
import { cut, mutate } from "./mutate.js";

export type FuzzCase = {
  readonly index: number;
  /** Found in the request and in the answer, and in nobody else's. */
  readonly marker: string;
  readonly kind: "sound" | "request" | "answer" | "leaves";
  readonly streamed: boolean;
  readonly request: readonly string[];
  readonly answer: {
    readonly pieces: readonly string[];
    /** What comes after the answer: the connection stays, is ended, or is reset. */
    readonly afterwards: "stay" | "end" | "reset";
    /** The body, as a client that reads the unchanged answer sees it. */
    readonly body: string;
  };
  /** The client leaves after so many bytes; null for a client that stays. */
  readonly leavesAfterBytes: number | null;
};

const kinds = ["sound", "request", "request", "request", "answer", "answer", "answer", "answer", "leaves"] as const;

function requestText(key: string, marker: string, streamed: boolean): string {
  const body = JSON.stringify({
    model: "openai/fuzz",
    stream: streamed,
    // Asked for, so that Loom takes nothing out of the stream.
    ...(streamed && { stream_options: { include_usage: true } }),
    messages: [{ role: "user", content: marker }],
  });
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: loom\r\nAuthorization: Bearer ${key}\r\n`;
  return `${head}Content-Type: application/json\r\nX-Client: secret-client\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function answerBody(marker: string, streamed: boolean, chance: Chance): string {
  const text = `${marker} ${"w".repeat(chance.int(0, 300))}`;
  if (!streamed) {
    const message = { index: 0, finish_reason: "stop", message: { role: "assistant", content: text } };
    return JSON.stringify({ id: "x", object: "chat.completion", choices: [message], usage: { total_tokens: 3 } });
  }
  const end = chance.pick(["\n\n", "\r\n\r\n", "\r\r"]);
  const event = (delta: object, reason: string | null): string =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: reason }] })}${end}`;
  const comment = chance.happens(20) ? `: keep-alive${end}` : "";
  return `${event({ content: text }, null)}${comment}${event({}, "stop")}data: [DONE]${end}`;
}

function answerText(body: string, streamed: boolean, chance: Chance): string {
  const type = streamed ? "text/event-stream" : "application/json";
  const head = `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nX-Request-Id: req-1\r\nX-Provider-Hop: a\r\n`;
  if (!streamed && chance.happens(50)) return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  const chunks: string[] = [];
  for (let at = 0; at < body.length; ) {
    const size = chance.int(1, 400);
    const piece = body.slice(at, at + size);
    chunks.push(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    at += size;
  }
  return `${head}Transfer-Encoding: chunked\r\n\r\n${chunks.join("")}0\r\n\r\n`;
}

export function makeCase(seed: number, index: number, keys: readonly [string, ...string[]]): FuzzCase {
  const chance = new Chance(hashText(`${seed} ${index}`));
  const kind = chance.pick(kinds);
  const streamed = chance.happens(60);
  const marker = `mk${index}z${chance.int(0, 0xffffff).toString(36)}k`;
  let request = requestText(chance.pick(keys), marker, streamed);
  const body = answerBody(marker, streamed, chance);
  let answer = answerText(body, streamed, chance);
  for (let times = chance.int(1, 3); times > 0; times -= 1) {
    if (kind === "request") request = mutate(request, chance);
    if (kind === "answer") answer = mutate(answer, chance);
  }
  const afterwards = kind === "answer" ? chance.pick(["stay", "stay", "end", "reset"] as const) : "stay";
  return {
    index,
    marker,
    kind,
    streamed,
    request: cut(request, chance),
    answer: { pieces: cut(answer, chance), afterwards, body },
    leavesAfterBytes: kind === "leaves" ? chance.int(0, 900) : null,
  };
}
