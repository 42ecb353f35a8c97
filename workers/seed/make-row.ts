// One seeded trace: plausible in every column, so that lists, sums and filters have something to show.
import type { Outcome } from "../../src/trace/record.js";
import type { TraceRow } from "../persist/trace-row.js";
import { type SeededRandom, Weighted } from "./random.js";

/** A tenant to make traces for. */
export type SeedTenant = {
  readonly id: string;
  /** base64 */
  readonly keySalt: string;
  readonly keyIds: readonly string[];
};

/** A row before its bodies and its stream are made. */
export type SeedRow = Omit<TraceRow, "detail">;

type SeedModel = {
  readonly provider: string;
  readonly model: string;
  readonly served: string;
  readonly weight: number;
  /** USD per million tokens; null: no price is known. */
  readonly prices: readonly [prompt: number, completion: number] | null;
  readonly msPerToken: number;
  readonly reasons: boolean;
};

const models: readonly SeedModel[] = [
  ["openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", 38, [0.15, 0.6], 9, false],
  ["openai", "gpt-4o", "gpt-4o-2024-08-06", 22, [2.5, 10], 14, false],
  ["azure", "gpt-4.1", "gpt-4.1-2025-04-14", 14, [2, 8], 12, false],
  ["openai", "o4-mini", "o4-mini-2025-04-16", 8, [1.1, 4.4], 11, true],
  ["anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", 12, [3, 15], 16, false],
  ["llama", "llama-3.3-70b", "llama-3.3-70b-instruct", 6, null, 6, false],
].map(([provider, model, served, weight, prices, msPerToken, reasons]) => ({
  provider,
  model,
  served,
  weight,
  prices,
  msPerToken,
  reasons,
})) as SeedModel[];

type SeedEnd = readonly [outcome: Outcome, weight: number, statusCode: number, errorCode: string | null];
const ends: readonly SeedEnd[] = [
  ["complete", 9610, 200, null],
  ["error", 120, 429, "provider_rate_limited"],
  ["error", 70, 502, "provider_failed"],
  ["error", 40, 400, "provider_refused"],
  ["error", 20, 504, "upstream_timeout"],
  ["aborted", 80, 499, "client_gone"],
  ["truncated", 20, 200, "upstream_cut"],
  ["refused", 35, 404, "model_not_found"],
  ["interrupted", 5, 0, null],
];

const tagNames = ["production", "staging", "batch", "search", "support", "summaries", "agents"];
const costDecimals = 10;
/** How many requests a session has, and how many sessions are open at once for a tenant. */
const sessionTurns = 8;
const openSessions = 12;

type Session = { id: string; user: string; turnsLeft: number };

export type RowMakerOptions = {
  readonly tenants: readonly SeedTenant[];
  readonly random: SeededRandom;
  readonly bootId: string;
};

export class RowMaker {
  readonly #options: RowMakerOptions;
  readonly #tenants: Weighted;
  readonly #models = new Weighted(models.map(({ weight }) => weight));
  readonly #ends = new Weighted(ends.map(([, weight]) => weight));
  readonly #sessions: Session[][];
  #seq = 0;

  constructor(options: RowMakerOptions) {
    this.#options = options;
    // The first tenant has the most, as it is with tenants.
    this.#tenants = new Weighted(options.tenants.map((_tenant, index) => 1 / (index + 1) ** 0.8));
    this.#sessions = options.tenants.map(() => []);
  }

  /** The next row, which began at `createdAtMs`. */
  make(createdAtMs: number): { readonly row: SeedRow; readonly tenant: SeedTenant } {
    const { random, tenants, bootId } = this.#options;
    const index = this.#tenants.pick(random);
    const tenant = tenants[index] as SeedTenant;
    const model = models[this.#models.pick(random)] as SeedModel;
    const end = ends[this.#ends.pick(random)] as SeedEnd;
    const [outcome, , statusCode, errorCode] = end;
    const session = random.chance(0.35) ? this.#session(index) : null;
    const id = idOf(createdAtMs, random);
    this.#seq += 1;
    const timing = makeTiming(model, end, random);
    const usage = makeUsage(model, timing.tokens, random);
    const isRefused = outcome === "refused";
    const row: SeedRow = {
      nodeId: "seed",
      bootId,
      lane: 0,
      seq: this.#seq,
      tenantId: tenant.id,
      createdAtMs,
      id,
      apiKeyId: tenant.keyIds[random.below(tenant.keyIds.length)] ?? "",
      requestId: random.chance(0.1) ? `req-${random.hex(12)}` : null,
      traceId: id.replaceAll("-", ""),
      spanId: random.hex(16),
      endpoint: "/v1/chat/completions",
      provider: isRefused ? null : model.provider,
      model: model.model,
      responseModel: timing.tokens > 0 ? model.served : null,
      statusCode,
      outcome,
      errorCode,
      finishReason: outcome === "complete" ? (random.chance(0.9) ? "stop" : "length") : null,
      streamed: timing.streamed,
      attempts: isRefused ? 0 : random.chance(0.02) ? 2 : 1,
      latencyMs: timing.latencyMs,
      ttfbMs: timing.ttfbMs,
      overheadMs: Math.min(timing.latencyMs, random.skewed(0.35, 0.4)),
      ...usage,
      requestBytes: 0,
      responseBytes: 0,
      contentType: isRefused ? null : timing.streamed ? "text/event-stream" : "application/json",
      contentEncoding: null,
      captureTruncated: false,
      sessionId: session?.id ?? null,
      endUser: session?.user ?? (random.chance(0.3) ? `user-${random.below(400)}` : null),
      tags: random.chance(0.4) ? [tagNames[random.below(tagNames.length)] ?? "production"] : [],
    };
    return { row, tenant };
  }

  #session(tenant: number): Session {
    const { random } = this.#options;
    const open = this.#sessions[tenant] ?? [];
    const at = random.below(openSessions);
    const known = open[at];
    if (known !== undefined && known.turnsLeft > 0) {
      known.turnsLeft -= 1;
      return known;
    }
    const turnsLeft = random.below(2 * sessionTurns);
    const made = { id: `session-${random.hex(10)}`, user: `user-${random.below(400)}`, turnsLeft };
    open[at] = made;
    return made;
  }
}

function makeTiming(model: SeedModel, [outcome]: SeedEnd, random: SeededRandom) {
  const streamed = random.chance(0.6);
  if (outcome === "refused") return { streamed, tokens: 0, ttfbMs: null, latencyMs: random.skewed(0.6, 0.4) };
  if (outcome === "error") return { streamed, tokens: 0, ttfbMs: null, latencyMs: random.skewed(180, 0.9) };
  const tokens = Math.max(1, Math.round(random.skewed(240, 0.9)));
  const firstMs = random.skewed(model.reasons ? 1800 : 320, 0.5);
  const wholeMs = firstMs + tokens * model.msPerToken * (0.8 + 0.4 * random.next());
  return { streamed, tokens, ttfbMs: streamed ? firstMs : wholeMs, latencyMs: wholeMs + random.next() };
}

function makeUsage(model: SeedModel, tokens: number, random: SeededRandom) {
  if (tokens === 0) {
    const none = { promptTokens: null, completionTokens: null, totalTokens: null, cachedTokens: null };
    return { ...none, reasoningTokens: null, usageSource: "none" as const, costUsd: null, priceVersion: null };
  }
  const promptTokens = Math.max(4, Math.round(random.skewed(700, 1.1)));
  const [promptPrice, completionPrice] = model.prices ?? [0, 0];
  const cost = (promptTokens * promptPrice + tokens * completionPrice) / 1e6;
  return {
    promptTokens,
    completionTokens: tokens,
    totalTokens: promptTokens + tokens,
    cachedTokens: random.chance(0.3) ? Math.floor(promptTokens / 2) : 0,
    reasoningTokens: model.reasons ? Math.floor(tokens * 0.6) : 0,
    usageSource: "provider" as const,
    costUsd: model.prices === null ? null : cost.toFixed(costDecimals),
    priceVersion: model.prices === null ? null : "seed",
  };
}

/** A UUIDv7 (RFC 9562, 5.7) of this moment. */
function idOf(createdAtMs: number, random: SeededRandom): string {
  const time = Math.floor(createdAtMs).toString(16).padStart(12, "0");
  const variant = "89ab"[random.below(4)] ?? "8";
  const [high, low, last] = [random.hex(3), random.hex(3), random.hex(12)];
  return `${time.slice(0, 8)}-${time.slice(8)}-7${high}-${variant}${low}-${last}`;
}
