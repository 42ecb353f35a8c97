// The options of a behaviour: the object `mock` in the request body, a field that gateways pass through because they
// do not know it. An unknown or ill-typed option is refused, so that a misspelt test does not pass by accident.

export type MockOptions = {
  /** Wait before the response head, ms. `slow-first-byte` has 300 when it is not given. */
  readonly delayMs: number | null;
  /** Wait between the head of a stream and its first event, ms. */
  readonly firstEventMs: number;
  /** Wait between two content events of a stream, ms. */
  readonly chunkDelayMs: number | null;
  /** The same as a rate; `stream` has 20 when neither is given. */
  readonly tokensPerSecond: number | null;
  /** `stream`: number of content chunks, which is also the number of completion tokens. */
  readonly tokens: number | null;
  /** `big` and `long-event`: bytes of the answer's text. */
  readonly bytes: number | null;
  /** `odd-cuts`: every network piece has this many bytes, instead of sizes that vary. */
  readonly pieceBytes: number | null;
  /** `cut`, `end-early`, `error-event`: content chunks that still arrive. */
  readonly after: number;
  /** Only the first so many requests with the same key behave as named; later ones get the canned answer. */
  readonly times: number | null;
  /** What `times` counts by; the model name when not given. */
  readonly key: string | null;
  /** `error-*`: the `retry-after-ms` of a 429. */
  readonly retryAfterMs: number;
  /** Text of the answer instead of the canned one. */
  readonly text: string | null;
  /** The model name in the answer, instead of the one asked for. */
  readonly model: string | null;
  /** Any JSON in place of the usage object; undefined: the mock's own. */
  readonly usage: unknown;
  /** The body has neither length nor chunked coding: only the closed connection ends it. */
  readonly closeDelimited: boolean;
};

const bytesMax = 256 * 1024 * 1024;
const countMax = 10_000_000;
const waitMaxMs = 3_600_000;

export const defaultOptions: MockOptions = {
  delayMs: null,
  firstEventMs: 0,
  chunkDelayMs: null,
  tokensPerSecond: null,
  tokens: null,
  bytes: null,
  pieceBytes: null,
  after: 2,
  times: null,
  key: null,
  retryAfterMs: 50,
  text: null,
  model: null,
  usage: undefined,
  closeDelimited: false,
};

type Reader = (value: unknown, name: string) => Partial<MockOptions>;

const readers: Readonly<Record<string, Reader>> = {
  delay_ms: (value, name) => ({ delayMs: readNumber(value, name, waitMaxMs) }),
  first_event_ms: (value, name) => ({ firstEventMs: readNumber(value, name, waitMaxMs) }),
  chunk_delay_ms: (value, name) => ({ chunkDelayMs: readNumber(value, name, waitMaxMs) }),
  tokens_per_second: (value, name) => ({ tokensPerSecond: Math.max(0.001, readNumber(value, name, countMax)) }),
  tokens: (value, name) => ({ tokens: Math.floor(readNumber(value, name, countMax)) }),
  bytes: (value, name) => ({ bytes: Math.floor(readNumber(value, name, bytesMax)) }),
  piece_bytes: (value, name) => ({ pieceBytes: Math.max(1, Math.floor(readNumber(value, name, bytesMax))) }),
  after: (value, name) => ({ after: Math.floor(readNumber(value, name, countMax)) }),
  times: (value, name) => ({ times: Math.floor(readNumber(value, name, countMax)) }),
  key: (value, name) => ({ key: readText(value, name) }),
  retry_after_ms: (value, name) => ({ retryAfterMs: readNumber(value, name, waitMaxMs) }),
  text: (value, name) => ({ text: readText(value, name) }),
  model: (value, name) => ({ model: readText(value, name) }),
  usage: (value) => ({ usage: value }),
  close_delimited: (value) => ({ closeDelimited: value === true }),
};

/** The names that `mock: {...}` may hold. */
const optionNames: readonly string[] = Object.keys(readers);

/** Reads the `mock` object of a request body. Throws an Error that names the option at fault. */
export function readMockOptions(given: unknown): MockOptions {
  if (given === undefined || given === null) return defaultOptions;
  if (typeof given !== "object" || Array.isArray(given)) throw new Error("'mock' must be an object");
  let options = defaultOptions;
  for (const [name, value] of Object.entries(given)) {
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (reader === undefined) throw new Error(`'mock.${name}' is not an option (known: ${optionNames.join(", ")})`);
    options = { ...options, ...reader(value, name) };
  }
  return options;
}

function readNumber(value: unknown, name: string, max: number): number {
  if (typeof value !== "number" || !(value >= 0 && value <= max)) {
    throw new Error(`'mock.${name}' must be a number from 0 to ${max}`);
  }
  return value;
}

function readText(value: unknown, name: string): string {
  if (typeof value !== "string") throw new Error(`'mock.${name}' must be a string`);
  return value;
}
