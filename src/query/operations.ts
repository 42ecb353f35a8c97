// Every operation of the query API in one table: what it takes and what it answers. The OpenAPI document is made from
// it, the routes are held against it, and the reference page shows it.
import type { z } from "zod";
import { errorShape, keyListShape, meShape, sessionListShape } from "./schema/account.js";
import { summaryShape, timeseriesShape, topShape } from "./schema/analytics.js";
import { liveTracesShape } from "./schema/live.js";
import * as parameters from "./schema/parameters.js";
import { traceBodiesShape, traceDetailShape, traceListShape } from "./schema/trace.js";

export type Answer = {
  readonly description: string;
  /** Content type -> its shape; a text when it has none. */
  readonly content: Readonly<Record<string, z.ZodType | string>>;
};

export type Operation = {
  readonly id: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: z.ZodObject;
  readonly answers: Readonly<Record<number, Answer>>;
  /** The scope without which the answer is 403. */
  readonly scope: string | null;
};

const json = (description: string, shape: z.ZodType): Answer => ({
  description,
  content: { "application/json": shape },
});

/** What any operation may answer besides. */
export const faults: Readonly<Record<number, string>> = {
  400: "A parameter or the filter is wrong; `error.position` points at the fault in the filter.",
  401: "The key is missing or unknown.",
  429: "Too many such queries run at this moment.",
  503: "The database is away, or the query took too long: narrow the time.",
};

export const errorAnswerShape = errorShape;

export const operations: readonly Operation[] = [
  {
    id: "listTraces",
    path: "/v1/traces",
    summary: "List traces",
    description: "Newest first, without bodies and without a total count. Pages by a cursor over (createdAt, id).",
    parameters: parameters.listTracesParameters,
    answers: { 200: json("A page.", traceListShape) },
    scope: null,
  },
  {
    id: "readTrace",
    path: "/v1/traces/{id}",
    summary: "Read a trace",
    description: "Everything that is known of one trace without opening its bodies.",
    parameters: parameters.noParameters,
    answers: { 200: json("The trace.", traceDetailShape), 404: json("No such trace.", errorShape) },
    scope: null,
  },
  {
    id: "readBodies",
    path: "/v1/traces/{id}/bodies",
    summary: "Open the bodies of a trace",
    description: "Decrypts in a worker and leaves an audit event `body.open`. Needs the scope `bodies:read`.",
    parameters: parameters.bodiesParameters,
    answers: {
      200: {
        description: "Both bodies, or the bytes of one.",
        content: { "application/json": traceBodiesShape, "application/octet-stream": "The bytes of one body." },
      },
      206: { description: "A range of one body.", content: { "application/octet-stream": "The bytes asked for." } },
      403: json("The key lacks the scope; the message names it.", errorShape),
      404: json("No such trace.", errorShape),
      410: json("The tenant's key was destroyed: nobody can open it.", errorShape),
      416: json("The body is shorter than that.", errorShape),
    },
    scope: "bodies:read",
  },
  {
    id: "exportTraces",
    path: "/v1/traces/export",
    summary: "Export traces",
    description: "Streams CSV or JSON lines, newest first: exactly the filter and the columns asked for.",
    parameters: parameters.exportTracesParameters,
    answers: {
      200: {
        description: "The rows. Text cells of the CSV that a spreadsheet would take for a formula get an apostrophe.",
        content: { "text/csv": "RFC 4180, UTF-8, with a header.", "application/jsonl": "One `Trace` a line." },
      },
    },
    scope: null,
  },
  {
    id: "tailTraces",
    path: "/v1/traces/live",
    summary: "Watch traces as they end",
    description:
      "Server-sent events: `ready` first, then `traces` whenever exchanges that match have been recorded, `fault` when the database is away.",
    parameters: parameters.liveTracesParameters,
    answers: { 200: { description: "The events.", content: { "text/event-stream": liveTracesShape } } },
    scope: null,
  },
  {
    id: "readSummary",
    path: "/v1/analytics/summary",
    summary: "Sum up a window of time",
    description: "The figures of a window, default 24h, with those of the equally long time before beside them.",
    parameters: parameters.summaryParameters,
    answers: { 200: json("The figures.", summaryShape) },
    scope: null,
  },
  {
    id: "readTimeseries",
    path: "/v1/analytics/timeseries",
    summary: "Figures over time",
    description: "The figures by time, optionally grouped.",
    parameters: parameters.timeseriesParameters,
    answers: { 200: json("The series.", timeseriesShape) },
    scope: null,
  },
  {
    id: "readTop",
    path: "/v1/analytics/top",
    summary: "The largest groups",
    description: "The groups with the most requests, cost, tokens or errors; also the values that a filter may take.",
    parameters: parameters.topParameters,
    answers: { 200: json("The groups.", topShape) },
    scope: null,
  },
  {
    id: "listSessions",
    path: "/v1/sessions",
    summary: "List sessions",
    description: "Conversations by their session id, the latest first.",
    parameters: parameters.sessionsParameters,
    answers: { 200: json("A page.", sessionListShape) },
    scope: null,
  },
  {
    id: "listKeys",
    path: "/v1/keys",
    summary: "List the tenant's keys",
    description: "With the usage of each in a window, default 30d. Keys are made and revoked by `loom key`.",
    parameters: parameters.keysParameters,
    answers: { 200: json("The keys.", keyListShape) },
    scope: null,
  },
  {
    id: "readMe",
    path: "/v1/me",
    summary: "What this key is and may see",
    description: "The tenant, the key, its scopes.",
    parameters: parameters.noParameters,
    answers: { 200: json("The caller.", meShape) },
    scope: null,
  },
];
