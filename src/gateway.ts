// The path of a request, phase by phase; the file to read first. docs/life-of-a-request.md tells it in words.
//   listen -> authenticate -> route -> admit -> forward -> tee -> hand off
import type { Authenticator } from "./authenticate/authenticate.js";
import type { Caller } from "./config/tenant.js";
import { LoomError } from "./errors/loom-error.js";
import { ExchangeRecord, newTraceId, type RequestFacts, unreadRequest } from "./exchange-record.js";
import { describeCause, failReply } from "./fail-reply.js";
import type { HandOff } from "./hand-off/hand-off.js";
import type { RecordLane } from "./hand-off/unrecorded.js";
import { answerHealth, answerReadiness, type HealthSources } from "./health.js";
import type { ModelList } from "./list-models.js";
import type { Exchange, HeaderList } from "./listen/exchange.js";
import { ProviderExchange, type ProviderParts } from "./provider-exchange.js";
import type { LoomEvent } from "./report/events.js";
import { findEndpoint } from "./route/endpoints.js";
import { type AskedPath, readPath } from "./route/read-path.js";
import { type ModelRequest, readRequest } from "./route/read-request.js";
import { type RouteTable, route, routeWithoutModel } from "./route/route.js";

export type GatewayParts = {
  readonly authenticator: Authenticator;
  readonly table: RouteTable;
  readonly handOff: HandOff;
  readonly models: ModelList;
  readonly provider: ProviderParts;
  readonly health: HealthSources;
  readonly emit: (event: LoomEvent) => void;
};

type Page = { readonly methods: readonly string[]; readonly serve: (gateway: Gateway, exchange: Exchange) => void };

const json = ["content-type", "application/json"] as const;

/** Every path that Loom answers itself. All others of the API are the providers'. */
const pages: ReadonlyMap<string, Page> = new Map<string, Page>([
  ...["/v1/models", "/openai/v1/models", "/openai/models"].map((path): [string, Page] => [
    path,
    { methods: ["GET"], serve: (gateway, exchange) => gateway.serveModels(exchange) },
  ]),
  ...["/healthz", "/livez", "/health", "/health/liveliness"].map((path): [string, Page] => [
    path,
    { methods: ["GET", "HEAD"], serve: (_gateway, { reply }) => reply.send(200, [json], answerHealth().body) },
  ]),
  ...["/readyz", "/health/readiness"].map((path): [string, Page] => [
    path,
    { methods: ["GET", "HEAD"], serve: (gateway, exchange) => gateway.serveReadiness(exchange) },
  ]),
]);

export class Gateway {
  readonly #parts: GatewayParts;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** Takes one exchange that arrived whole. Never throws. */
  readonly handle = (exchange: Exchange): void => {
    try {
      if (exchange.headers.get("upgrade")?.toLowerCase().includes("websocket") === true) {
        throw new LoomError("websocket_unsupported");
      }
      const page = pages.get(exchange.path);
      if (page === undefined) {
        const asked = readPath(exchange.path);
        if (asked === null) {
          const message = `There is nothing at ${exchange.path}. Loom answers /v1/..., /openai/..., /healthz and /readyz.`;
          throw new LoomError("not_found", { message });
        }
        this.#authenticate(exchange, (caller) => this.#admit(exchange, asked, caller));
        return;
      }
      if (!page.methods.includes(exchange.method)) {
        throw new LoomError("method_not_allowed", { message: `${exchange.path} takes ${page.methods.join(", ")}.` });
      }
      page.serve(this, exchange);
    } catch (error) {
      this.#refuse(exchange, newTraceId(), error);
    }
  };

  serveModels(exchange: Exchange): void {
    this.#authenticate(exchange, (caller) => {
      this.#parts.models.read(caller.tenant).then(
        (body) => exchange.reply.send(200, [json], body),
        (error: unknown) => this.#refuse(exchange, newTraceId(), error),
      );
    });
  }

  serveReadiness(exchange: Exchange): void {
    const { status, body } = answerReadiness(this.#parts.health);
    exchange.reply.send(status, [json, ["cache-control", "no-store"]], body);
  }

  /** A key in the cache costs no promise. */
  #authenticate(exchange: Exchange, next: (caller: Caller) => void): void {
    const id = newTraceId();
    const caller = this.#parts.authenticator.authenticate(exchange.headers);
    if (!(caller instanceof Promise)) {
      next(caller);
      return;
    }
    caller.then(next).catch((error: unknown) => this.#refuse(exchange, id, error));
  }

  #admit(exchange: Exchange, asked: AskedPath, caller: Caller): void {
    if (exchange.reply.state === "gone") return;
    const id = newTraceId();
    const { method, query, headers, body, rest } = exchange;
    const endpoint = findEndpoint(method, asked.operation);
    let request: ModelRequest | null = null;
    try {
      request = readRequest(endpoint, asked, { query, headers, body, isWhole: rest === null });
      const { tenant } = caller;
      const { table } = this.#parts;
      const targets =
        request.model === null
          ? routeWithoutModel(headers.get("x-loom-provider") ?? null, tenant, table)
          : route(request.model, tenant, table);
      const lane = this.#pickLane(caller);
      const askedFor = { method, asked, query, request };
      new ProviderExchange(exchange, { id, caller, askedFor, targets, lane }, this.#parts.provider);
    } catch (error) {
      const facts = request === null ? unreadRequest : { ...request, streamed: request.stream };
      this.#refuseCaller(exchange, id, error, caller, { ...facts, endpoint: endpoint.template });
    }
  }

  /** The failure policy: a tenant may rather have answers than records, and then has gaps in the ledger. */
  #pickLane(caller: Caller): RecordLane {
    const { handOff } = this.#parts;
    if (caller.tenant.failurePolicy !== "serve" || handOff.lanes.some((lane) => lane.admits)) return handOff.pick();
    return handOff.pickUnrecorded("trace_store_unavailable");
  }

  /** A refusal of a known tenant's request is recorded, unless recording is what failed. */
  #refuseCaller(exchange: Exchange, id: string, error: unknown, caller: Caller, facts: RequestFacts): void {
    const refusal = error instanceof LoomError ? error : new LoomError("internal_error", { cause: error });
    if (refusal.code === "trace_store_unavailable") {
      this.#refuse(exchange, id, refusal);
      return;
    }
    try {
      const record = new ExchangeRecord({
        id,
        exchange,
        caller,
        facts,
        lane: this.#parts.handOff.pick(),
        onAcknowledged: undefined,
      });
      const overheadMs = performance.now() - exchange.receivedAtMs;
      const outcome = refusal.source === "internal" ? "error" : "refused";
      record.end({ outcome, statusCode: refusal.status, errorCode: refusal.code, overheadMs }, (failure) => {
        this.#refuse(exchange, id, failure ?? refusal);
      });
    } catch (cause) {
      this.#refuse(exchange, id, cause);
    }
  }

  #refuse(exchange: Exchange, id: string, error: unknown): void {
    const refusal = error instanceof LoomError ? error : new LoomError("internal_error", { cause: error });
    if (refusal.source === "internal") {
      this.#parts.emit({ name: "exchange_failed", code: refusal.code, traceId: id, message: describeCause(refusal) });
    } else {
      this.#parts.emit({ name: "exchange_refused", code: refusal.code, path: exchange.path, traceId: id });
    }
    const overheadMs = performance.now() - exchange.receivedAtMs;
    const allowed = refusal.status === 405 ? pages.get(exchange.path)?.methods : undefined;
    const more: HeaderList = allowed === undefined ? [] : [["allow", allowed.join(", ")]];
    failReply(exchange, refusal, { traceId: id, provider: "", overheadMs }, false, more);
  }
}
