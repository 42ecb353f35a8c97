// What the HTTP API says of the caller, of the tenant's keys, and of its sessions; and the shape of errors.
import { z } from "zod";

const time = z.iso.datetime({ offset: true });

export const meShape = z
  .object({
    tenant: z.object({ id: z.guid(), name: z.string() }),
    key: z.object({ id: z.guid(), prefix: z.string(), name: z.string(), expiresAt: time.nullable() }),
    scopes: z.array(z.string()),
    may: z
      .object({
        readTraces: z.boolean().describe("Metadata of all traces of the tenant."),
        readBodies: z.boolean().describe("Open sealed bodies (scope `bodies:read`); each opening is recorded."),
      })
      .describe("What this key may see."),
    newestTraceAt: time.nullable().describe("null: the tenant has no trace at all."),
    oldestTraceAt: time.nullable(),
    jaegerUrl: z.string().nullable().describe("`{jaegerUrl}/trace/{traceId}` shows the spans of a trace."),
    retentionDays: z.int().nullable().describe("null: traces are kept for ever."),
    version: z.string().describe("Of Loom."),
  })
  .meta({ id: "Me" });

const keyShape = z
  .object({
    id: z.guid(),
    prefix: z.string().describe("`sk-loom-<public id>`; the key itself is shown once, when it is made."),
    name: z.string(),
    scopes: z.array(z.string()),
    state: z.enum(["active", "expired", "revoked"]),
    isOwn: z.boolean().describe("The key of this request."),
    createdAt: time,
    expiresAt: time.nullable(),
    revokedAt: time.nullable(),
    lastUsedAt: time.nullable().describe("To the minute; null: not in the last 90 days."),
    totalRequests: z.int(),
    errorRate: z.number().nullable(),
    totalTokens: z.int(),
    estimatedCostUSD: z.number(),
    unpricedRequests: z.int(),
  })
  .meta({ id: "Key" });

export const keyListShape = z
  .object({
    object: z.literal("list"),
    window: z.object({ from: time, to: time }).describe("What the sums of usage cover."),
    data: z.array(keyShape),
  })
  .meta({ id: "KeyList" });

export const sessionShape = z
  .object({
    id: z.string(),
    firstAt: time,
    lastAt: time,
    durationMs: z.number().describe("From the first request to the end of the last."),
    totalRequests: z.int(),
    errors: z.int(),
    totalTokens: z.int(),
    estimatedCostUSD: z.number(),
    unpricedRequests: z.int(),
    models: z.array(z.string()),
    endUsers: z.array(z.string()),
  })
  .meta({ id: "Session" });

export const sessionListShape = z
  .object({
    object: z.literal("list"),
    data: z.array(sessionShape).describe("The session with the latest request first."),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: "SessionList" });

export const errorShape = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable().describe("The parameter at fault."),
      code: z.string(),
      position: z
        .object({ start: z.int(), end: z.int() })
        .optional()
        .describe("Where in that parameter's text the fault is, in UTF-16 units."),
    }),
  })
  .meta({ id: "ApiError" });

/** The components of the OpenAPI document. */
export const accountShapes = [meShape, keyShape, keyListShape, sessionShape, sessionListShape, errorShape];

export type Me = z.infer<typeof meShape>;
export type KeyList = z.infer<typeof keyListShape>;
export type Session = z.infer<typeof sessionShape>;
export type SessionList = z.infer<typeof sessionListShape>;
