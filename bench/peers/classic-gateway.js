// A gateway of the classic shape, plain and honest: Fastify in front, undici behind, a row in Postgres for each request
// by one INSERT after the answer. No trick is left out that such a gateway would have, and none is put in.
import { createHash, randomUUID } from "node:crypto";
import Fastify from "fastify";
import pg from "pg";
import { Pool } from "undici";

const { UPSTREAM = "", DATABASE_URL = "", CLIENT_KEY = "", PORT = "0" } = process.env;
const bodyLimit = 32 * 1024 * 1024;

const db = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
const upstream = new Pool(UPSTREAM, { connections: 2048, pipelining: 1 });
const fastify = Fastify({ bodyLimit, logger: false });
/** SHA-256 of a key -> id of its tenant. */
const knownKeys = new Map();

/** @param {string} text */
const hashOf = (text) => createHash("sha256").update(text).digest("hex");

await db.query(`CREATE TABLE keys (hash text PRIMARY KEY, tenant text NOT NULL);
  CREATE TABLE traces (id uuid PRIMARY KEY, tenant text NOT NULL, created_at timestamptz NOT NULL, model text,
    status int NOT NULL, latency_ms double precision NOT NULL, request text NOT NULL, response text NOT NULL);
  CREATE INDEX traces_tenant ON traces (tenant, created_at)`);
await db.query("INSERT INTO keys VALUES ($1, 'bench')", [hashOf(CLIENT_KEY)]);

/** @param {string | undefined} authorization */
async function findTenant(authorization) {
  const hash = hashOf((authorization ?? "").replace(/^Bearer +/i, ""));
  const known = knownKeys.get(hash);
  if (known !== undefined) return known;
  const { rows } = await db.query("SELECT tenant FROM keys WHERE hash = $1", [hash]);
  if (rows[0] !== undefined) knownKeys.set(hash, rows[0].tenant);
  return rows[0]?.tenant;
}

/** @param {{ tenant: string, createdAt: Date, model: unknown, status: number, request: string, response: string }} trace */
function keepTrace({ tenant, createdAt, model, status, request, response }) {
  const latencyMs = Date.now() - createdAt.getTime();
  db.query("INSERT INTO traces VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", [
    randomUUID(),
    tenant,
    createdAt,
    model,
    status,
    latencyMs,
    request,
    response,
  ]).catch((error) => console.error(error.message));
}

fastify.post("/v1/chat/completions", async (request, reply) => {
  const createdAt = new Date();
  const tenant = await findTenant(request.headers.authorization);
  if (tenant === undefined) return reply.code(401).send({ error: { message: "Incorrect API key", type: "auth" } });
  const body = JSON.stringify(request.body);
  const answer = await upstream.request({
    method: "POST",
    path: "/v1/chat/completions",
    headers: { "content-type": "application/json", authorization: "Bearer sk-bench-upstream" },
    body,
  });
  const model = /** @type {{ model?: unknown }} */ (request.body).model;
  const trace = { tenant, createdAt, model, status: answer.statusCode, request: body };
  const type = String(answer.headers["content-type"] ?? "application/json");
  if (!type.startsWith("text/event-stream")) {
    const response = await answer.body.text();
    keepTrace({ ...trace, response });
    return reply.code(answer.statusCode).header("content-type", type).send(response);
  }
  const pieces = [];
  answer.body.on("data", (piece) => pieces.push(piece));
  answer.body.on("end", () => keepTrace({ ...trace, response: Buffer.concat(pieces).toString() }));
  return reply.code(answer.statusCode).header("content-type", type).send(answer.body);
});

const url = await fastify.listen({ host: "127.0.0.1", port: Number(PORT) });
console.log(`listening on ${url}`);
process.once("SIGTERM", () => process.exit(0));
