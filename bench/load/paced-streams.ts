// Many streams side by side, each on a connection of its own, with the time of every event as it arrived. autocannon
// sees a response only as a whole, so this load is made here.
import { createHash } from "node:crypto";
import { Agent, type IncomingMessage, request } from "node:http";
import type { StreamsLoad, StreamsResult } from "./loads.js";

type Samples = {
  readonly firstByteMs: number[];
  readonly gapsMs: number[];
  readonly startLatenessMs: number[];
  readonly digests: Record<string, number>;
  readonly failures: Record<string, number>;
  events: number;
};

export async function runPacedStreams(load: StreamsLoad): Promise<StreamsResult> {
  const samples: Samples = {
    firstByteMs: [],
    gapsMs: [],
    startLatenessMs: [],
    digests: {},
    failures: {},
    events: 0,
  };
  const agent = new Agent({ keepAlive: false, noDelay: true });
  const startMs = performance.now();
  const streams = Array.from({ length: load.streams }, async (_, at) => {
    const dueMs = startMs + (at * load.startOverMs) / load.streams;
    await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
    samples.startLatenessMs.push(Math.max(0, performance.now() - dueMs));
    const failure = await runStream(load, agent, samples);
    if (failure !== null) samples.failures[failure] = (samples.failures[failure] ?? 0) + 1;
  });
  await Promise.all(streams);
  agent.destroy();
  return {
    kind: "streams",
    firstByteMs: Float64Array.from(samples.firstByteMs),
    gapsMs: Float64Array.from(samples.gapsMs),
    startLatenessMs: Float64Array.from(samples.startLatenessMs),
    elapsedMs: performance.now() - startMs,
    events: samples.events,
    digests: samples.digests,
    failures: samples.failures,
  };
}

/** @returns what went wrong, or null. */
function runStream(load: StreamsLoad, agent: Agent, samples: Samples): Promise<string | null> {
  return new Promise((resolve) => {
    const outgoing = request(load.url, {
      method: "POST",
      agent,
      headers: {
        authorization: `Bearer ${load.key}`,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(load.body),
        ...load.headers,
      },
      signal: AbortSignal.timeout(load.timeoutMs),
    });
    let sentMs = performance.now();
    // The clock starts on the connected socket: what a connection costs is not what a stream costs.
    outgoing.on("socket", (socket) => socket.once("connect", () => (sentMs = performance.now())));
    outgoing.on("error", (error) => resolve(error.message));
    outgoing.on("response", (response) => {
      response.on("error", (error) => resolve(error.message));
      if (response.statusCode === 200) readEvents(response, sentMs, samples, resolve);
      else {
        response.resume();
        response.on("end", () => resolve(`status ${response.statusCode}`));
      }
    });
    outgoing.end(load.body);
  });
}

function readEvents(
  response: IncomingMessage,
  sentMs: number,
  samples: Samples,
  done: (failure: string | null) => void,
): void {
  const digest = createHash("sha256");
  const reader = new EventReader();
  let lastContentMs: number | null = null;
  let sawByte = false;
  response.on("data", (chunk: Buffer) => {
    const nowMs = performance.now();
    if (!sawByte) samples.firstByteMs.push(nowMs - sentMs);
    sawByte = true;
    digest.update(chunk);
    for (const event of reader.read(chunk)) {
      samples.events += 1;
      if (!isContent(event)) continue;
      if (lastContentMs !== null) samples.gapsMs.push(nowMs - lastContentMs);
      lastContentMs = nowMs;
    }
  });
  response.on("end", () => {
    const hash = digest.digest("hex");
    samples.digests[hash] = (samples.digests[hash] ?? 0) + 1;
    done(reader.last === "data: [DONE]" ? null : "ended without [DONE]");
  });
}

/** Cuts bytes into server-sent events with LF line ends, as the mock sends them. */
export class EventReader {
  /** The latest whole event. */
  last = "";
  #rest = "";

  /** The events that this chunk completes. */
  read(chunk: Buffer): string[] {
    const events = (this.#rest + chunk.toString("latin1")).split("\n\n");
    this.#rest = events.pop() ?? "";
    this.last = events.at(-1) ?? this.last;
    return events;
  }
}

/** Events that say something keep the pace; the finish, the usage and the end come together with the last of them. */
export function isContent(event: string): boolean {
  return /"delta":\{[^}]*"content":"[^"]/.test(event);
}
