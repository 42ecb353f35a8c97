// The bodies of a trace, for a key with the scope: opened in a worker, recorded in the audit log before a byte leaves,
// and given as JSON or, byte for byte, as a download that no browser runs.
import type { Caller } from "../config/tenant.js";
import { LoomError } from "../errors/loom-error.js";
import { limits } from "../limits.js";
import type { Exchange, HeaderList } from "../listen/exchange.js";
import { readParameters } from "../query/read-parameters.js";
import { bodiesScope, timesOfId } from "../query/read-trace.js";
import { bodiesParameters } from "../query/schema/parameters.js";
import type { Body, TraceBodies } from "../query/schema/trace.js";
import { readRange, textOfBytes } from "./body-text.js";
import { ClientLeft, ReplyStream } from "./reply-stream.js";

type Part = "request" | "response";

/** What workers/open-bodies.ts is asked, but for the keys and the database. */
export type BodyQuestion = {
  readonly tenantId: string;
  readonly keySalt: string;
  readonly id: string;
  readonly times: readonly { readonly from: string; readonly to: string }[];
  readonly parts: readonly Part[];
  readonly offset: number;
  readonly length: number;
};

export type OpenedBody = {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly total: number;
  readonly decoded: string | null;
  readonly contentType: string | null;
  readonly captureTruncated: boolean;
};

export type BodySources = {
  /** Null: there is no such trace. */
  readonly open: (question: BodyQuestion) => Promise<Readonly<Record<Part, OpenedBody | null>> | null>;
  /** Leaves the event `body.open`; rejects when it cannot. */
  readonly audit: (event: {
    readonly caller: Caller;
    readonly subject: string;
    readonly details: Readonly<Record<string, unknown>>;
  }) => Promise<void>;
};

const defaultLength = 1_048_576;

/** @throws LoomError `missing_scope`, `trace_not_found`, `body_erased`, `range_not_satisfiable` and others */
export async function serveBodies(exchange: Exchange, caller: Caller, id: string, sources: BodySources): Promise<void> {
  const values = readParameters(exchange.query, bodiesParameters);
  if (!caller.scopes.includes(bodiesScope)) {
    const message = `This key lacks the scope ${bodiesScope}, which opening bodies needs. Make a key with --scopes ${bodiesScope}.`;
    throw new LoomError("missing_scope", { message });
  }
  const { keySalt } = caller.tenant;
  if (keySalt === null) throw new LoomError("body_erased");
  const range = readRange(exchange.headers.get("range"));
  const isRaw = values.raw === "true" || (values.part !== undefined && range !== null);
  if (isRaw && values.part === undefined)
    throw new LoomError("bad_request", { message: "Say with `part` which body: request or response.", param: "part" });
  const wanted = isRaw
    ? (range ?? { offset: 0, length: limits.requestBodyBytesMax })
    : { offset: Number(values.offset ?? 0), length: Number(values.length ?? defaultLength) };
  const parts: readonly Part[] = values.part === undefined ? ["request", "response"] : [values.part];
  const question = { tenantId: caller.tenant.id, keySalt, id, times: timesOfId(id), parts, ...wanted };
  const opened = await sources.open(question);
  if (opened === null) throw new LoomError("trace_not_found");
  await sources.audit({ caller, subject: id, details: { parts, raw: isRaw, ...wanted } });
  if (!isRaw) {
    const answer: TraceBodies = { id, request: describe(opened.request), response: describe(opened.response) };
    exchange.reply.send(200, jsonHeaders, JSON.stringify(answer));
    return;
  }
  const body = opened[parts[0] ?? "request"];
  await sendBytes(exchange, body, range !== null, `${id}-${parts[0]}`);
}

const jsonHeaders: HeaderList = [
  ["content-type", "application/json"],
  ["cache-control", "no-store"],
  ["x-content-type-options", "nosniff"],
];

function describe(opened: OpenedBody | null): Body | null {
  if (opened === null) return null;
  const { total, decoded, contentType, captureTruncated } = opened;
  const shown = textOfBytes(opened.bytes, opened.offset, total);
  return { bytes: total, ...shown, decoded, contentType, captureTruncated };
}

async function sendBytes(exchange: Exchange, body: OpenedBody | null, isRange: boolean, name: string): Promise<void> {
  const total = body?.total ?? 0;
  const bytes = body?.bytes ?? new Uint8Array(0);
  if (isRange && bytes.length === 0) {
    throw new LoomError("range_not_satisfiable", {
      message: `The body has ${total} bytes; the range begins behind them.`,
    });
  }
  const from = body?.offset ?? 0;
  const headers: [string, string][] = [
    ["content-type", "application/octet-stream"],
    ["content-disposition", `attachment; filename="${name}.bin"`],
    ["cache-control", "no-store"],
    ["x-content-type-options", "nosniff"],
    ["content-security-policy", "default-src 'none'; sandbox"],
    ["accept-ranges", "bytes"],
  ];
  if (isRange) headers.push(["content-range", `bytes ${from}-${from + bytes.length - 1}/${total}`]);
  const status = isRange ? 206 : 200;
  if (bytes.length <= limits.bodyPieceBytes) {
    exchange.reply.send(status, headers, bytes);
    return;
  }
  const stream = new ReplyStream(exchange.reply, status, headers);
  try {
    for (let at = 0; at < bytes.length; at += limits.bodyPieceBytes) {
      await stream.write(bytes.subarray(at, at + limits.bodyPieceBytes));
    }
    stream.end();
  } catch (error) {
    if (!(error instanceof ClientLeft)) throw error;
  }
}
