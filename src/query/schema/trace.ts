// What the HTTP API says of a trace. The OpenAPI document, and with it the dashboard's types, is made from these
// shapes; the SQL that fills them is in trace-columns.ts.
import { z } from "zod";

export const outcomes = ["complete", "error", "aborted", "truncated", "interrupted", "refused"] as const;

const tokens = (description: string) => z.int().nullable().describe(`${description} null: nobody said.`);

const keyNameShape = z
  .object({
    id: z.guid(),
    prefix: z.string().nullable().describe("`sk-loom-<public id>`; null for a key that is not in the table any more."),
    name: z.string().nullable(),
  })
  .meta({ id: "KeyName" });

/** One row of a list. */
export const traceShape = z
  .object({
    id: z.guid().describe("UUIDv7; `x-loom-trace-id` of the answer."),
    createdAt: z.iso.datetime({ offset: true }).describe("When the first byte of the request was seen."),
    key: keyNameShape,
    requestId: z.string().nullable().describe("The client's own `x-request-id`."),
    traceId: z.string().describe("OpenTelemetry trace id, 32 hex digits."),
    spanId: z.string(),
    endpoint: z.string(),
    provider: z.string().nullable().describe("Who answered, or was tried last; null when none was tried."),
    model: z.string().nullable().describe("As the client asked for it."),
    responseModel: z.string().nullable().describe("As the provider named it in its answer."),
    statusCode: z.int(),
    outcome: z.enum(outcomes),
    errorCode: z.string().nullable(),
    finishReason: z.string().nullable(),
    streamed: z.boolean(),
    attempts: z.int(),
    latencyMs: z.number(),
    ttfbMs: z.number().nullable().describe("From the request's first byte to the answer's first; null without answer."),
    gatewayOverheadMs: z.number().describe("Loom's own share of the latency: all but the wait for the provider."),
    promptTokens: tokens("Of the request."),
    completionTokens: tokens("Of the answer, reasoning included."),
    totalTokens: tokens("As the provider counts it."),
    cachedTokens: tokens("The part of the prompt that the provider had cached."),
    reasoningTokens: tokens("The part of the answer that was reasoning."),
    usageSource: z.enum(["provider", "estimated", "none"]),
    estimatedCostUSD: z.number().nullable().describe("null: unpriced, which is not zero."),
    requestBytes: z.int(),
    responseBytes: z.int(),
    sessionId: z.string().nullable(),
    endUser: z.string().nullable(),
    tags: z.array(z.string()),
  })
  .meta({ id: "Trace" });

const searchedShape = z
  .object({
    from: z.iso.datetime({ offset: true }).nullable().describe("null: as far back as there is anything."),
    to: z.iso.datetime({ offset: true }),
    isComplete: z
      .boolean()
      .describe("false: the search stopped at `from` to stay quick, and `nextCursor` goes on from there."),
  })
  .describe("The time that this page has looked through. A rare filter may give a short or empty page and a cursor.");

export const traceListShape = z
  .object({
    object: z.literal("list"),
    data: z.array(traceShape).describe("Newest first."),
    nextCursor: z.string().nullable().describe("Give it as `cursor` for what is older; null at the end."),
    searched: searchedShape,
  })
  .meta({ id: "TraceList" });

const attemptShape = z
  .object({
    provider: z.string(),
    kind: z.string().nullable().describe("The provider's contract, such as `azure-openai`."),
    model: z.string().describe("As it was sent to the provider."),
    status: z.int().nullable(),
    errorCode: z.string().nullable(),
    startedMs: z.number().describe("Since the exchange began."),
    endedMs: z.number(),
  })
  .meta({ id: "Attempt" });

const phasesShape = z
  .object({
    authenticatedMs: z.number().nullable().describe("Until the key was checked, since the exchange began."),
    admittedMs: z.number().nullable().describe("Until the exchange had its number in the record."),
  })
  .meta({ id: "Phases" });

const streamTimesShape = z
  .object({
    every: z.int().describe("One chunk in so many is here: 1, 2, 4, ..."),
    ms: z.array(z.number()).describe("Since the exchange began."),
    bytes: z.array(z.int()).describe("How many bytes of the answer had come at that moment, from the provider."),
  })
  .meta({ id: "StreamTimes" });

const clientShape = z
  .object({
    library: z.string().describe("Such as `openai-js`."),
    version: z.string().nullable(),
    retry: z.int().describe("0: the first try."),
  })
  .meta({ id: "Client" });

const headerShape = z.object({ name: z.string(), value: z.string() }).meta({ id: "Header" });

const costLineShape = z
  .object({
    item: z.enum(["Input", "Cached input", "Output"]),
    tokens: z.int(),
    usdPerMillion: z.number().nullable(),
    costUSD: z.number(),
  })
  .meta({ id: "CostLine" });

const bodyFactsShape = z
  .object({
    state: z
      .enum(["kept", "none", "erased"])
      .describe("none: there are no bytes. erased: the tenant's key was destroyed, nobody can open it."),
    bytes: z.int().describe("True size, also where the capture was cut."),
    storedBytes: z.int().describe("Size of the ciphertext."),
  })
  .meta({ id: "BodyFacts" });

/** Everything that is known of one trace without opening its bodies. */
export const traceDetailShape = traceShape
  .extend({
    priceVersion: z.string().nullable(),
    contentType: z.string().nullable().describe("Of the answer."),
    contentEncoding: z.string().nullable().describe("Of the answer, as the provider sent it."),
    captureTruncated: z.boolean().describe("The client got more bytes than the trace holds."),
    bodyCodec: z.string(),
    encryptionKeyVersion: z.int(),
    nodeId: z.string(),
    bootId: z.guid(),
    lane: z.int(),
    seq: z.int(),
    leafHash: z.string().nullable().describe("Hex; the row's leaf in the ledger."),
    recordedAt: z.iso.datetime({ offset: true }).describe("When the row came into the database."),
    attemptList: z
      .array(attemptShape)
      .nullable()
      .describe("Each try on a provider; null where only their number was kept."),
    phases: phasesShape.nullable().describe("null: not recorded."),
    streamTimes: streamTimesShape
      .nullable()
      .describe("An even share of the moments at which a stream's bytes came, the first among them; at most 64."),
    client: clientShape.nullable().describe("What an official client said of itself (`x-stainless-*`)."),
    userAgent: z.string().nullable().describe("Of the request; null when there was none, or it was not recorded."),
    requestHeaders: z
      .array(headerShape)
      .nullable()
      .describe("Of the request's headers those on a fixed list, none that is a credential; null: not recorded."),
    answerHeaders: z
      .array(headerShape)
      .nullable()
      .describe("Likewise of the provider's; null as well where no provider answered."),
    costLines: z
      .array(costLineShape)
      .nullable()
      .describe(
        "What the estimated cost is made of; null when it is unpriced, or its lines cannot be given to the last decimal.",
      ),
    bodies: z.object({
      mayRead: z.boolean().describe("Whether this key has the scope `bodies:read`."),
      missingScope: z.literal("bodies:read").nullable(),
      request: bodyFactsShape,
      response: bodyFactsShape,
    }),
  })
  .meta({ id: "TraceDetail" });

const bodyShape = z
  .object({
    bytes: z.int().describe("Size of the whole body as it was captured, decoded if `decoded` says so."),
    offset: z.int().describe("Of the first byte in `text`."),
    endOffset: z.int().describe("After the last byte in `text`; less than `bytes` when this is a part of it."),
    encoding: z.enum(["utf8", "base64"]).describe("How `text` holds the bytes; base64 when they are no UTF-8."),
    text: z.string(),
    decoded: z.string().nullable().describe("The content encoding that was undone, such as gzip."),
    contentType: z.string().nullable(),
    captureTruncated: z.boolean(),
  })
  .meta({ id: "Body" });

export const traceBodiesShape = z
  .object({
    id: z.guid(),
    request: bodyShape.nullable().describe("null: there are no bytes, or another part was asked for."),
    response: bodyShape.nullable(),
  })
  .meta({ id: "TraceBodies" });

/** The components of the OpenAPI document. */
export const traceShapes = [
  keyNameShape,
  traceShape,
  traceListShape,
  attemptShape,
  phasesShape,
  streamTimesShape,
  clientShape,
  costLineShape,
  headerShape,
  bodyFactsShape,
  traceDetailShape,
  bodyShape,
  traceBodiesShape,
];

export type Trace = z.infer<typeof traceShape>;
export type TraceList = z.infer<typeof traceListShape>;
export type TraceDetail = z.infer<typeof traceDetailShape>;
export type TraceBodies = z.infer<typeof traceBodiesShape>;
export type Body = z.infer<typeof bodyShape>;
