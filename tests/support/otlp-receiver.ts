// A collector for tests: takes OTLP over http/protobuf and over gRPC, and decodes it with the official protobuf
// definitions, so that what Loom sends is judged by nothing of Loom's and nothing of the SDK's.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { loadPackageDefinition, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import protobuf from "protobufjs";

const definitionsFile = new URL("../vectors/otlp-definitions.json", import.meta.url);
const decodeOptions = { longs: Number, enums: String, bytes: Buffer, defaults: true } as const;

type AnyValue = {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: number;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values: readonly AnyValue[] };
};
type KeyValue = { readonly key: string; readonly value: AnyValue };

/** One span as the collector sees it: ids in hex, times in unix ms, attributes with the type they had on the wire. */
export type ReceivedSpan = {
  readonly name: string;
  readonly kind: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly status: { readonly code: string; readonly message: string };
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Attribute name to the type it had in the message, such as `intValue`. */
  readonly types: Readonly<Record<string, string>>;
  readonly events: readonly { readonly name: string; readonly atMs: number }[];
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: string;
};

export type ReceivedMetric = {
  readonly name: string;
  readonly unit: string;
  readonly message: Record<string, unknown>;
};

export type OtlpReceiver = {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT, by protocol. */
  readonly httpUrl: string;
  readonly grpcUrl: string;
  readonly spans: ReceivedSpan[];
  readonly metrics: ReceivedMetric[];
  /** Everything that came, as bytes, and the headers it came with. */
  readonly raw: Buffer[];
  readonly headers: Record<string, unknown>[];
  /** What it does with a request from now on. */
  behaviour: { readonly delayMs: number; readonly httpStatus: number };
  /** Waits for spans of this trace until `isWhole`. */
  trace(traceId: string, isWhole: (spans: readonly ReceivedSpan[]) => boolean): Promise<ReceivedSpan[]>;
  close(): Promise<void>;
};

function valueOf(value: AnyValue | null): unknown {
  if (value === null) return null;
  if (value.arrayValue !== undefined) return value.arrayValue.values.map(valueOf);
  return value.stringValue ?? value.boolValue ?? value.intValue ?? value.doubleValue ?? null;
}

function typeOf(value: AnyValue): string {
  return Object.keys(value).find((key) => key !== "value") ?? "";
}

/** An empty field is not there on the wire. */
function hexOf(id: Buffer | undefined): string {
  return id?.toString("hex") ?? "";
}

function attributesOf(list: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, valueOf(value)]));
}

/** Of definitions that are read at run time: their types are in their text. */
type Message = ReturnType<typeof JSON.parse>;

function readSpans(request: Message): ReceivedSpan[] {
  return request.resourceSpans.flatMap((resourceSpans: Message) =>
    resourceSpans.scopeSpans.flatMap((scopeSpans: Message) =>
      scopeSpans.spans.map((span: Message): ReceivedSpan => {
        const list = span.attributes as readonly KeyValue[];
        return {
          name: span.name,
          kind: span.kind,
          traceId: hexOf(span.traceId),
          spanId: hexOf(span.spanId),
          parentSpanId: hexOf(span.parentSpanId),
          traceState: span.traceState ?? "",
          flags: span.flags ?? 0,
          startMs: span.startTimeUnixNano / 1e6,
          endMs: span.endTimeUnixNano / 1e6,
          status: { code: span.status?.code ?? "STATUS_CODE_UNSET", message: span.status?.message ?? "" },
          attributes: attributesOf(list),
          types: Object.fromEntries(list.map(({ key, value }) => [key, typeOf(value)])),
          events: span.events.map((event: Message) => ({ name: event.name, atMs: event.timeUnixNano / 1e6 })),
          resource: attributesOf(resourceSpans.resource.attributes),
          scope: scopeSpans.scope.name,
        };
      }),
    ),
  );
}

function readMetrics(request: Message): ReceivedMetric[] {
  return request.resourceMetrics.flatMap((resourceMetrics: Message) =>
    resourceMetrics.scopeMetrics.flatMap((scopeMetrics: Message) =>
      scopeMetrics.metrics.map((message: Message) => ({ name: message.name, unit: message.unit, message })),
    ),
  );
}

function loadDefinitions(): protobuf.Root {
  const root = new protobuf.Root();
  const texts = JSON.parse(readFileSync(definitionsFile, "utf8")) as Record<string, string>;
  // In the order of their imports.
  for (const text of Object.values(texts)) protobuf.parse(text, root);
  root.resolveAll();
  return root;
}

function makeDecoders(root: protobuf.Root) {
  const decoder = (type: string) => {
    const message = root.lookupType(`opentelemetry.proto.collector.${type}`);
    return (bytes: Uint8Array): Message =>
      message.toObject(message.decode(bytes), { ...decodeOptions, defaults: false, arrays: true });
  };
  return {
    traces: decoder("trace.v1.ExportTraceServiceRequest"),
    metrics: decoder("metrics.v1.ExportMetricsServiceRequest"),
  };
}

type Take = (kind: "traces" | "metrics", bytes: Buffer) => Promise<number>;

function makeGrpcServer(root: protobuf.Root, take: Take): Server {
  const { opentelemetry } = loadPackageDefinition(fromJSON(root.toJSON())) as Message;
  const server = new Server();
  for (const [folder, service, kind] of [
    ["trace", "TraceService", "traces"],
    ["metrics", "MetricsService", "metrics"],
  ] as const) {
    const definition = opentelemetry.proto.collector[folder].v1[service].service;
    // The bytes as they came, for the same decoder as that of HTTP.
    const exported = { ...definition.Export, requestDeserialize: (bytes: Buffer) => bytes };
    server.addService(
      { Export: exported },
      {
        Export: (call: Message, done: Message) =>
          void take(kind, call.request as Buffer).then((code) =>
            done(code < 400 ? null : { code: status.UNAVAILABLE, details: "told to refuse" }, {}),
          ),
      },
    );
  }
  return server;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const root = loadDefinitions();
  const decode = makeDecoders(root);
  const spans: ReceivedSpan[] = [];
  const metrics: ReceivedMetric[] = [];
  const raw: Buffer[] = [];
  const headers: Record<string, unknown>[] = [];
  const told = { behaviour: { delayMs: 0, httpStatus: 200 } };
  const take = async (kind: "traces" | "metrics", bytes: Buffer): Promise<number> => {
    const { delayMs, httpStatus } = told.behaviour;
    if (delayMs > 0) await sleep(delayMs);
    if (httpStatus >= 400) return httpStatus;
    raw.push(bytes);
    if (kind === "traces") spans.push(...readSpans(decode.traces(bytes)));
    else metrics.push(...readMetrics(decode.metrics(bytes)));
    return httpStatus;
  };
  const http = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      headers.push({ ...request.headers, path: request.url });
      const body = Buffer.concat(parts);
      const bytes = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
      const kind = request.url === "/v1/traces" ? "traces" : "metrics";
      void take(kind, bytes).then((code) => {
        response.writeHead(code, { "content-type": "application/x-protobuf" }).end();
      });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const grpc = makeGrpcServer(root, take);
  const grpcPort = await new Promise<number>((resolve, reject) =>
    grpc.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  );
  return Object.assign(told, {
    httpUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    grpcUrl: `http://127.0.0.1:${grpcPort}`,
    spans,
    metrics,
    raw,
    headers,
    async trace(traceId: string, isWhole: (found: readonly ReceivedSpan[]) => boolean) {
      const deadline = Date.now() + 8000;
      for (;;) {
        const found = spans.filter((span) => span.traceId === traceId);
        if (isWhole(found)) return found;
        if (Date.now() > deadline)
          throw new Error(`of trace ${traceId} came ${JSON.stringify(found.map((s) => s.name))}`);
        await sleep(20);
      }
    },
    async close() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      grpc.forceShutdown();
    },
  });
}
