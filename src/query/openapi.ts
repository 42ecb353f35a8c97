// The OpenAPI 3.1 document of the query API, made from the table of operations.
import { z } from "zod";
import { type Answer, errorAnswerShape, faults, type Operation, operations } from "./operations.js";
import { accountShapes } from "./schema/account.js";
import { analyticsShapes } from "./schema/analytics.js";
import { liveShapes } from "./schema/live.js";
import { traceShapes } from "./schema/trace.js";

type Json = { readonly [key: string]: unknown };

/** Shapes with an id of their own become components; everything refers to them. */
function makeComponents(): Json {
  const registry = z.registry<{ id: string }>();
  for (const shape of [...accountShapes, ...analyticsShapes, ...liveShapes, ...traceShapes]) {
    const id = shape.meta()?.id;
    if (id !== undefined) registry.add(shape, { id });
  }
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}` });
  const sorted = Object.entries(schemas).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return plain(Object.fromEntries(sorted));
}

/** Without what only a document of its own needs, and without patterns that `format` says better. */
function plain(schema: unknown): Json {
  return JSON.parse(
    JSON.stringify(schema, function keep(this: Json, key: string, value: unknown) {
      const isNoise = key === "$schema" || key === "$id" || (key === "pattern" && this["format"] !== undefined);
      return isNoise && typeof value === "string" ? undefined : value;
    }),
  ) as Json;
}

/** A reference where the shape has an id. */
function describeShape(shape: z.ZodType): Json {
  const id = shape.meta()?.id;
  return id === undefined ? plain(z.toJSONSchema(shape)) : { $ref: `#/components/schemas/${id}` };
}

function describeParameters({ path, parameters }: Operation): Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(parameters, { io: "input" }) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string", format: "uuid" },
  }));
  const inQuery = Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: "query",
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }));
  return [...inPath, ...inQuery];
}

function describeAnswer({ description, content }: Answer): Json {
  const entries = Object.entries(content).map(([type, shape]) => [
    type,
    { schema: typeof shape === "string" ? { type: "string", description: shape } : describeShape(shape) },
  ]);
  return { description, content: Object.fromEntries(entries) as Json };
}

function describeOperation(operation: Operation): Json {
  const responses: Record<string, Json> = {};
  for (const [status, answer] of Object.entries(operation.answers)) responses[status] = describeAnswer(answer);
  for (const status of Object.keys(faults)) {
    responses[status] ??= { $ref: `#/components/responses/Fault${status}` };
  }
  return {
    operationId: operation.id,
    summary: operation.summary,
    description: operation.description,
    parameters: describeParameters(operation),
    responses,
    ...(operation.scope !== null && { "x-loom-scope": operation.scope }),
  };
}

/** The whole document; the same for every caller. */
export function makeOpenApi(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) paths[operation.path] = { get: describeOperation(operation) };
  return {
    openapi: "3.1.0",
    info: {
      title: "Loom",
      version,
      description: "What Loom has recorded for the tenant of the key that asks.",
    },
    servers: [{ url: "/" }],
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer", description: "A client key: `sk-loom-...`." } },
      responses: describeFaults(),
      schemas: makeComponents(),
    },
  };
}

function describeFaults(): Json {
  const entries = Object.entries(faults).map(([status, description]) => [
    `Fault${status}`,
    describeAnswer({ description, content: { "application/json": errorAnswerShape } }),
  ]);
  return Object.fromEntries(entries) as Json;
}
