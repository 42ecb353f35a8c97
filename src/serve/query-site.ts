// Everything that Loom serves besides the exchanges it records: the query API, its document and reference page, and
// the dashboard. The gateway asks here for what it does not know itself.
import type { Caller } from "../config/tenant.js";
import type { Exchange } from "../listen/exchange.js";
import { listKeys, readMe, type Surroundings } from "../query/account.js";
import { listSessions } from "../query/list-sessions.js";
import { listTraces } from "../query/list-traces.js";
import { makeOpenApi } from "../query/openapi.js";
import { readParameters } from "../query/read-parameters.js";
import { bodiesScope, readTrace, type TraceSources } from "../query/read-trace.js";
import type { Query, Reader } from "../query/reader.js";
import * as parameters from "../query/schema/parameters.js";
import { readSummary } from "../query/usage-summary.js";
import { readTimeseries } from "../query/usage-timeseries.js";
import { readTop } from "../query/usage-top.js";
import type { DashboardFiles } from "./dashboard-files.js";
import { ExportSite } from "./export-traces.js";
import { LiveSite } from "./live-traces.js";
import { makeReferencePage } from "./reference-page.js";
import { sendJson } from "./send-json.js";
import { type BodySources, serveBodies } from "./serve-bodies.js";

export type SiteParts = {
  readonly reader: Reader;
  readonly bodies: BodySources;
  readonly surroundings: Surroundings;
  readonly linesOf: TraceSources["linesOf"];
  readonly dashboard: DashboardFiles;
  readonly now: () => number;
};

/** `open`: for everybody. `keyed`: for the caller whose key the request has; rejects with what is refused. */
export type SiteRoute =
  | { readonly access: "open"; serve(exchange: Exchange): void }
  | { readonly access: "keyed"; serve(exchange: Exchange, caller: Caller): Promise<void> };

type KeyedRoute = Extract<SiteRoute, { access: "keyed" }>;
type Ask = (query: Query, exchange: Exchange, caller: Caller) => Promise<object>;

const tracePath = /^\/v1\/traces\/([^/]{1,64})(\/bodies)?$/;

export class QuerySite {
  readonly #parts: SiteParts;
  readonly #routes: ReadonlyMap<string, SiteRoute>;
  readonly #exports: ExportSite;
  readonly #live: LiveSite;

  constructor(parts: SiteParts) {
    this.#parts = parts;
    this.#exports = new ExportSite(parts);
    this.#live = new LiveSite(parts);
    this.#routes = new Map([...this.#keyedRoutes(), ...this.#openRoutes()]);
  }

  /** The paths with a route of their own; those with a trace's id in them come besides. */
  get paths(): readonly string[] {
    return [...this.#routes.keys()];
  }

  /** Null: nothing of this site. */
  find(path: string): SiteRoute | null {
    const route = this.#routes.get(path);
    if (route !== undefined) return route;
    const [, id, bodies] = tracePath.exec(path) ?? [];
    if (id !== undefined) return bodies === undefined ? this.#traceRoute(id) : this.#bodiesRoute(id);
    if (path !== "/dashboard" && !path.startsWith("/dashboard/")) return null;
    return { access: "open", serve: (exchange) => this.#parts.dashboard.serve(exchange) };
  }

  /** Ends the answers that would go on for ever, so that a stop need not wait for them. */
  end(): void {
    this.#live.end();
  }

  #keyedRoutes(): [string, SiteRoute][] {
    const { now, surroundings } = this.#parts;
    const answers: Record<string, Ask> = {
      "/v1/traces": (query, { query: text }, { tenant }) =>
        listTraces(query, readParameters(text, parameters.listTracesParameters), tenant.id, now()),
      "/v1/analytics/summary": (query, { query: text }, { tenant }) =>
        readSummary(query, readParameters(text, parameters.summaryParameters), tenant.id, now()),
      "/v1/analytics/timeseries": (query, { query: text }, { tenant }) =>
        readTimeseries(query, readParameters(text, parameters.timeseriesParameters), tenant.id, now()),
      "/v1/analytics/top": (query, { query: text }, { tenant }) =>
        readTop(query, readParameters(text, parameters.topParameters), tenant.id, now()),
      "/v1/sessions": (query, { query: text }, { tenant }) =>
        listSessions(query, readParameters(text, parameters.sessionsParameters), tenant.id, now()),
      "/v1/keys": (query, { query: text }, caller) =>
        listKeys(query, readParameters(text, parameters.keysParameters), caller, now()),
      "/v1/me": async (query, { query: text }, caller) => {
        readParameters(text, parameters.noParameters);
        return readMe(query, caller, surroundings);
      },
    };
    return [
      ...Object.entries(answers).map(([path, ask]): [string, SiteRoute] => [path, this.#jsonRoute(ask)]),
      ["/v1/traces/export", { access: "keyed", serve: (exchange, caller) => this.#exports.serve(exchange, caller) }],
      ["/v1/traces/live", { access: "keyed", serve: (exchange, caller) => this.#live.serve(exchange, caller) }],
    ];
  }

  #openRoutes(): [string, SiteRoute][] {
    const document = makeOpenApi(this.#parts.surroundings.version);
    const text = JSON.stringify(document);
    const { body, headers } = makeReferencePage(document);
    return [
      [
        "/openapi.json",
        { access: "open", serve: ({ reply }) => reply.send(200, [["content-type", "application/json"]], text) },
      ],
      ["/reference", { access: "open", serve: ({ reply }) => reply.send(200, headers, body) }],
    ];
  }

  #jsonRoute(ask: Ask): KeyedRoute {
    return {
      access: "keyed",
      serve: async (exchange, caller) => {
        const answer = await this.#parts.reader.read(caller.tenant.id, (query) => ask(query, exchange, caller));
        await sendJson(exchange, answer);
      },
    };
  }

  #traceRoute(id: string): KeyedRoute {
    return this.#jsonRoute((query, { query: text }, { tenant, scopes }) => {
      readParameters(text, parameters.noParameters);
      const right = { mayRead: scopes.includes(bodiesScope), isErased: tenant.keySalt === null };
      const { linesOf } = this.#parts;
      return readTrace(query, tenant.id, id, { right, linesOf });
    });
  }

  #bodiesRoute(id: string): KeyedRoute {
    return { access: "keyed", serve: (exchange, caller) => serveBodies(exchange, caller, id, this.#parts.bodies) };
  }
}
