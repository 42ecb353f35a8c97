// The path of a request, phase by phase; the file to read first. docs/life-of-a-request.md tells it in words.
//   listen -> authenticate -> route -> admit -> forward -> tee -> hand off
import { createHash, timingSafeEqual } from "node:crypto";
import type { AllProcesses } from "./answer-for-all.js";
import type { Authenticator } from "./authenticate/authenticate.js";
import type { Secret } from "./config/secret.js";
import type { Caller } from "./config/tenant.js";
import { LoomError } from "./errors/loom-error.js";
import { type Admission, ExchangeRecord, unreadRequest } from "./exchange-record.js";
import { describeCause, failReply } from "./fail-reply.js";
import type { HandOff } from "./hand-off/hand-off.js";
import type { RecordLane } from "./hand-off/unrecorded.js";
import { answerHealth, answerReadiness } from "./health.js";
import type { ModelList } from "./list-models.js";
import type { Exchange, HeaderList } from "./listen/exchange.js";
import { ProviderExchange } from "./provider-exchange.js";
import type { ProviderParts } from "./provider-parts.js";
import type { LoomEvent } from "./report/events.js";
import { expositionType, writeExposition } from "./report/exposition.js";
import { findEndpoint } from "./route/endpoints.js";
import { type AskedPath, readPath } from "./route/read-path.js";
import { type ModelRequest, readRequest } from "./route/read-request.js";
import { type RouteTable, route, routeWithoutModel } from "./route/route.js";
import type { QuerySite, SiteRoute } from "./serve/query-site.js";
import { newTraceId } from "./trace/trace-id.js";

export type GatewayParts = {
  readonly authenticator: Authenticator;
  readonly table: RouteTable;
  readonly handOff: HandOff;
  readonly models: ModelList;
  readonly provider: ProviderParts;
  readonly readiness: AllProcesses["readiness"];
  /** null turns /metrics off. */
  readonly metrics: { readonly token: Secret | null; readonly collect: AllProcesses["metrics"] } | null;
  /** What is served besides exchanges: the query API and the dashboard. */
  readonly site: Pick<QuerySite, "find">;
  readonly emit: (event: LoomEvent) => void;
};

/** What is known of a refused request. */
type Known = Pick<Admission, "id" | "caller" | "facts" | "authenticatedAtMs">;

type Page = { readonly methods: readonly string[]; readonly serve: (gateway: Gateway, exchange: Exchange) => void };

const siteMethods = ["GET", "HEAD"];
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
  ["/metrics", { methods: ["GET", "HEAD"], serve: (gateway, exchange) => gateway.serveMetrics(exchange) }],
  ...["/readyz", "/health/readiness"].map((path): [string, Page] => [
    path,
    { methods: ["GET", "HEAD"], serve: (gateway, exchange) => gateway.serveReadiness(exchange) },
  ]),
]);

const metricsToken = "Send the token of the setting metrics.token as `Authorization: Bearer ...`.";

/** A path as it may be logged: one that a client made up may hold anything. */
export function pathLabel(path: string): string {
  return pages.has(path) ? path : "other";
}

function hasToken(headers: ReadonlyMap<string, string>, token: Secret | null): boolean {
  if (token === null) return true;
  const given = createHash("sha256")
    .update(headers.get("authorization") ?? "")
    .digest();
  return timingSafeEqual(given, createHash("sha256").update(`Bearer ${token.reveal()}`).digest());
}

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
      const siteRoute = page === undefined ? this.#parts.site.find(exchange.path) : null;
      if (siteRoute !== null) return this.#serveSite(exchange, siteRoute);
      if (page === undefined) {
        const asked = readPath(exchange.path);
        if (asked === null) {
          const message = "There is nothing at this path. Loom answers /v1/..., /openai/..., /healthz and /readyz.";
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

  #serveSite(exchange: Exchange, siteRoute: SiteRoute): void {
    if (!siteMethods.includes(exchange.method)) {
      throw new LoomError("method_not_allowed", { message: `${exchange.path} takes ${siteMethods.join(", ")}.` });
    }
    if (siteRoute.access === "open") return siteRoute.serve(exchange);
    this.#authenticate(exchange, (caller) => {
      siteRoute.serve(exchange, caller).catch((error: unknown) => this.#refuse(exchange, newTraceId(), error));
    });
  }

  serveReadiness(exchange: Exchange): void {
    this.#answer(exchange, this.#parts.readiness(), (readiness) => {
      const { status, body } = answerReadiness(readiness);
      exchange.reply.send(status, [json, ["cache-control", "no-store"]], body);
    });
  }

  serveMetrics(exchange: Exchange): void {
    const { metrics } = this.#parts;
    if (metrics === null) throw new LoomError("not_found", { message: "Metrics are turned off here." });
    if (!hasToken(exchange.headers, metrics.token)) throw new LoomError("invalid_api_key", { message: metricsToken });
    this.#answer(exchange, metrics.collect(), (snapshot) =>
      exchange.reply.send(200, [["content-type", expositionType]], writeExposition(snapshot)),
    );
  }

  /** At once when nobody else has to be asked. */
  #answer<Found extends object>(exchange: Exchange, found: Found | Promise<Found>, send: (found: Found) => void): void {
    if (!(found instanceof Promise)) return send(found);
    found.then(send).catch((error: unknown) => this.#refuse(exchange, newTraceId(), error));
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
    const authenticatedAtMs = performance.now();
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
      new ProviderExchange(exchange, { id, caller, askedFor, targets, authenticatedAtMs, lane }, this.#parts.provider);
    } catch (error) {
      const known = request === null ? unreadRequest : { ...request, streamed: request.stream };
      const facts = { ...known, endpoint: endpoint.template };
      this.#refuseCaller(exchange, { id, caller, facts, authenticatedAtMs }, error);
    }
  }

  /** The failure policy: a tenant may rather have answers than records, and then has gaps in the ledger. */
  #pickLane(caller: Caller): RecordLane {
    const { handOff } = this.#parts;
    if (caller.tenant.failurePolicy !== "serve" || handOff.lanes.some((lane) => lane.admits)) return handOff.pick();
    return handOff.pickUnrecorded("trace_store_unavailable");
  }

  /** A refusal of a known tenant's request is recorded, unless recording is what failed. */
  #refuseCaller(exchange: Exchange, known: Known, error: unknown): void {
    const { id } = known;
    const refusal = error instanceof LoomError ? error : new LoomError("internal_error", { cause: error });
    if (refusal.code === "trace_store_unavailable") {
      this.#refuse(exchange, id, refusal);
      return;
    }
    try {
      const record = new ExchangeRecord({
        ...known,
        exchange,
        lane: this.#parts.handOff.pick(),
        onAcknowledged: undefined,
      });
      const overheadMs = performance.now() - exchange.receivedAtMs;
      const outcome = refusal.source === "internal" ? "error" : "refused";
      record.end({ outcome, statusCode: refusal.status, errorCode: refusal.code, overheadMs }, (failure) => {
        this.#refuse(exchange, id, failure ?? refusal, failure === null);
      });
    } catch (cause) {
      this.#refuse(exchange, id, cause);
    }
  }

  #refuse(exchange: Exchange, id: string, error: unknown, recorded = false): void {
    const refusal = error instanceof LoomError ? error : new LoomError("internal_error", { cause: error });
    if (refusal.source === "internal") {
      const message = describeCause(refusal);
      this.#parts.emit({ name: "exchange_failed", code: refusal.code, traceId: id, message, recorded });
    } else {
      this.#parts.emit({
        name: "exchange_refused",
        code: refusal.code,
        path: pathLabel(exchange.path),
        traceId: id,
        recorded,
      });
    }
    const overheadMs = performance.now() - exchange.receivedAtMs;
    const allowed = refusal.status === 405 ? (pages.get(exchange.path)?.methods ?? siteMethods) : undefined;
    const more: HeaderList = allowed === undefined ? [] : [["allow", allowed.join(", ")]];
    failReply(exchange, refusal, { traceId: id, provider: "", overheadMs }, false, more);
  }
}
