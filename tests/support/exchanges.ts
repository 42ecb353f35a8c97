// Exchanges, rows and a lane's parts as tests of the workers need them: whole, valid, and easy to change in one field.
import { randomBytes, randomUUID } from "node:crypto";
import { uuidv7 } from "uuidv7";
import type { FinishedExchange, TraceBegin, TraceEnd } from "../../src/trace/record.js";
import type { BatchRow } from "../../workers/persist/batch.js";
import type { TraceRow } from "../../workers/persist/trace-row.js";
import { KeyRing } from "../../workers/seal/key-ring.js";
import { Sealer } from "../../workers/seal/seal.js";

export const testMasterKeys = `1:${Buffer.alloc(32, 1).toString("base64")}`;
export const testNode = "node-1";
export const testBoot = "0190a1b2-0000-7000-8000-0000000000b0";
export const testKeyRing = new KeyRing(testMasterKeys);
const testSealer = new Sealer(testKeyRing, testNode);
export const testKeySalt = Buffer.alloc(16, 9).toString("base64");

export function beginOf(changed: Partial<TraceBegin> = {}): TraceBegin {
  const id = uuidv7();
  return {
    id,
    tenantId: "0190a1b2-0000-7000-8000-00000000000a",
    keySalt: testKeySalt,
    apiKeyId: "0190a1b2-0000-7000-8000-00000000000b",
    createdAtMs: Date.now() + 0.125,
    endpoint: "/v1/chat/completions",
    requestId: null,
    traceId: id.replaceAll("-", ""),
    spanId: randomBytes(8).toString("hex"),
    model: "gpt-4o-mini",
    streamed: false,
    sessionId: null,
    endUser: null,
    tags: [],
    ...changed,
  };
}

export function endOf(changed: Partial<TraceEnd> = {}): TraceEnd {
  return {
    outcome: "complete",
    statusCode: 200,
    errorCode: null,
    provider: "openai",
    providerKind: "openai",
    upstreamModel: "gpt-4o-mini",
    attempts: [{ provider: "openai", model: "gpt-4o-mini", status: 200, errorCode: null, startedMs: 0.1, endedMs: 12 }],
    latencyMs: 12.5,
    ttfbMs: 11.25,
    overheadMs: 0.375,
    requestBytes: 7,
    responseBytes: 9,
    captureTruncated: false,
    contentType: "application/json",
    contentEncoding: null,
    usageFormat: "openai-chat",
    ...changed,
  };
}

let lastSeq = 0;

export function exchangeOf(changed: Partial<FinishedExchange> = {}): FinishedExchange {
  lastSeq += 1;
  return {
    seq: lastSeq,
    begin: beginOf(),
    end: endOf(),
    requestBody: Buffer.from('{"a":1}'),
    responseBody: Buffer.from('{"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}'),
    ...changed,
  };
}

/** A row with a value in every column. */
export function rowOf(changed: Partial<TraceRow> = {}): TraceRow {
  lastSeq += 1;
  return {
    nodeId: testNode,
    bootId: testBoot,
    lane: 3,
    tenantId: "0190a1b2-0000-7000-8000-00000000000a",
    createdAtMs: Date.now() + 0.125,
    id: randomUUID(),
    apiKeyId: "0190a1b2-0000-7000-8000-00000000000b",
    requestId: "req-ünï",
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    endpoint: "/v1/chat/completions",
    provider: "openai",
    model: "gpt-4o-mini",
    responseModel: "gpt-4o-mini-2024-07-18",
    statusCode: 200,
    outcome: "complete",
    errorCode: null,
    finishReason: "stop",
    streamed: true,
    attempts: 2,
    latencyMs: 12.5,
    ttfbMs: 1.25,
    overheadMs: 0.375,
    promptTokens: 10,
    completionTokens: 5,
    totalTokens: 15,
    cachedTokens: 0,
    reasoningTokens: null,
    usageSource: "provider",
    costUsd: "0.0000012345",
    priceVersion: "genai-prices 0.1.8",
    requestBytes: 7,
    responseBytes: 2 ** 40 + 1,
    contentType: "application/json",
    contentEncoding: null,
    captureTruncated: false,
    sessionId: "session",
    endUser: "👩‍👩‍👧",
    tags: ["a", 'q"uo,te{}', "漢字", ""],
    detail: '{"attempts":[],"authenticatedMs":0.125,"admittedMs":0.25}',
    seq: lastSeq,
    ...changed,
  };
}

export function sealedBodiesOf(row: TraceRow, request = "ask", response = "answer") {
  const subject = { tenantId: row.tenantId, keySalt: testKeySalt, createdAtMs: row.createdAtMs, id: row.id };
  return testSealer.sealBodies(subject, Buffer.from(request), Buffer.from(response));
}

/** Seals a refused row as the lane does. */
export function sealTestRow({ row, keySalt }: BatchRow, encoded: Uint8Array) {
  const subject = { tenantId: row.tenantId, keySalt, createdAtMs: row.createdAtMs, id: row.id };
  return { keyVersion: testKeyRing.newest, ...testSealer.sealBody(subject, "row", "identity", encoded) };
}
