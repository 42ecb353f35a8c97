// What one exchange of a fault run is to be: its request and its answer, byte by byte, as a pure function of its
// plan. Client, provider and verdict compute the same bytes without talking to each other.
import { limits } from "../../../src/limits.js";
import { type Chance, hashText, splitmix32 } from "./random.js";

export type ExchangePlan = {
  readonly id: string;
  readonly streamed: boolean;
  /** Characters of filler in the request and in the answer. */
  readonly requestFill: number;
  readonly answerFill: number;
  /** Events that the filler of a streamed answer is spread over. */
  readonly events: number;
  /** Whether the client asks for the usage chunk; else Loom does, and takes it out again. */
  readonly asksUsage: boolean;
  /** Wait of the provider before its head, and between two events. */
  readonly headMs: number;
  readonly gapMs: number;
  /** The provider breaks the connection after this many bytes of the body; null: never. */
  readonly cutAt: number | null;
};

const alphabet = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", "latin1");

/** `length` characters that neither compress well nor need an escape in JSON. */
function fill(name: string, length: number): string {
  const next = splitmix32(hashText(name));
  const out = Buffer.allocUnsafe(length);
  let bits = 0;
  for (let at = 0; at < length; at += 1) {
    if (at % 5 === 0) bits = next();
    out[at] = alphabet[bits & 63] as number;
    bits >>>= 6;
  }
  return out.toString("latin1");
}

/** Sizes on both sides of each border of a buffer; the larger borders are rarer. */
function sizeNearBorder(chance: Chance): number {
  const dice = chance.int(1, 100);
  if (dice <= 10) return chance.int(0, 1);
  const border =
    dice <= 70
      ? limits.compressBytesMin
      : dice <= 94
        ? limits.chunkFrameBytes
        : dice <= 99
          ? limits.copyChunkBytes
          : limits.sealInPiecesBytesMin;
  return chance.pick([border >> 2, border >> 1, border - 1, border, border + 1, border * 3]);
}

/** A plan of the usual mix: plain and streamed, small and large, most of them quick. */
export function makePlan(id: string, chance: Chance, changed: Partial<ExchangePlan> = {}): ExchangePlan {
  const streamed = chance.happens(50);
  return {
    id,
    streamed,
    requestFill: sizeNearBorder(chance),
    answerFill: sizeNearBorder(chance),
    events: chance.int(1, 12),
    asksUsage: chance.happens(50),
    headMs: chance.pick([0, 0, 1, 5, 40]),
    gapMs: streamed ? chance.pick([0, 0, 1, 10, 60]) : 0,
    cutAt: null,
    ...changed,
  };
}

/** The body that the client sends; its first line of content is the plan itself. */
export function requestBody(plan: ExchangePlan): Buffer {
  return Buffer.from(
    JSON.stringify({
      model: "gpt-4o-mini",
      messages: [{ role: "user", content: `${JSON.stringify(plan)}\n${fill(`ask ${plan.id}`, plan.requestFill)}` }],
      ...(plan.streamed && { stream: true }),
      ...(plan.streamed && plan.asksUsage && { stream_options: { include_usage: true } }),
    }),
  );
}

/** Reads the plan out of a body that Loom forwarded. Throws for any other body. */
export function readPlan(body: Buffer): ExchangePlan {
  const { messages } = JSON.parse(body.toString("utf8")) as { messages: readonly { content: string }[] };
  return JSON.parse(messages[0]?.content.split("\n", 1)[0] ?? "") as ExchangePlan;
}

/** Whether a body that Loom forwarded asks what the client's asked. */
export function isSameQuestion(body: Buffer, plan: ExchangePlan): boolean {
  const { messages: got } = JSON.parse(body.toString("utf8")) as { messages: unknown };
  const { messages: asked } = JSON.parse(requestBody(plan).toString("utf8")) as { messages: unknown };
  return JSON.stringify(got) === JSON.stringify(asked);
}

const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

function chunkEvent(plan: ExchangePlan, choices: readonly unknown[], more: object = {}): Buffer {
  const head = { id: `answer-${plan.id}`, object: "chat.completion.chunk", created: 1, model: "gpt-4o-mini" };
  return Buffer.from(`data: ${JSON.stringify({ ...head, choices, ...more })}\n\n`);
}

/** The pieces that the provider writes, one after the other. `forClient`: without what Loom takes out. */
export function answerPieces(plan: ExchangePlan, forClient = false): Buffer[] {
  const filler = fill(`answer ${plan.id}`, plan.answerFill);
  if (!plan.streamed) {
    const message = { role: "assistant", content: filler };
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    const head = { id: `answer-${plan.id}`, object: "chat.completion", created: 1, model: "gpt-4o-mini" };
    return [Buffer.from(JSON.stringify({ ...head, choices, usage }))];
  }
  const each = Math.ceil(filler.length / plan.events);
  const pieces: Buffer[] = [];
  for (let event = 0; event < plan.events; event += 1) {
    const content = filler.slice(event * each, (event + 1) * each);
    pieces.push(chunkEvent(plan, [{ index: 0, delta: { content }, finish_reason: null }]));
  }
  pieces.push(chunkEvent(plan, [{ index: 0, delta: {}, finish_reason: "stop" }]));
  if (plan.asksUsage || !forClient) pieces.push(chunkEvent(plan, [], { usage }));
  pieces.push(Buffer.from("data: [DONE]\n\n"));
  return pieces;
}

/** All bytes of the answer. */
export function answerBytes(plan: ExchangePlan, forClient = false): Buffer {
  return Buffer.concat(answerPieces(plan, forClient));
}

/** How many bytes the provider must have sent for a client to have `clientBytes` of them. */
export function upstreamBytesOf(plan: ExchangePlan, clientBytes: number): number {
  const terminal = Buffer.byteLength("data: [DONE]\n\n");
  const forClient = answerBytes(plan, true).length;
  return clientBytes <= forClient - terminal ? clientBytes : answerBytes(plan).length - (forClient - clientBytes);
}
