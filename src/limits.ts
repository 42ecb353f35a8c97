// Every bound of Loom in one place, with its reason. A tunable (a default that an operator may change) lives in
// config/; a bound lives here. docs/limits.md is held against this file by a test, and assertLimits against itself.
import { strict as assert } from "node:assert";

const KiB = 1024;
const MiB = 1024 * KiB;

export const limits = {
  /** The largest header block taken from a client. uWebSockets.js's own default of 4 KiB is too small for long tokens. */
  headerBytesMax: 32 * KiB,
  /** The most header lines taken from a client; uWebSockets.js stops at about the same. */
  headerCountMax: 96,
  /** A body may take its deadline (`listen.bodyTimeoutMs`) and a second more for each so many bytes that have come. */
  bodyBytesPerSecondMin: 16 * KiB,
  /** Bytes that wait for a slow client before Loom waits for more of a sign than that some went out. */
  clientBacklogBytes: 1 * MiB,
  /** Requests by GET and HEAD that are taken above `listen.exchangesMax`, so that health pages answer when nothing else does. */
  reservedExchanges: 64,
  /** The largest request body that a setting may allow (`listen.bodyBytesMax`, default 32 MiB). */
  requestBodyBytesMax: 256 * MiB,
  /** The largest upload that a setting may allow (`listen.uploadBytesMax`, default 1 GiB). */
  uploadBytesMax: 64 * 1024 * MiB,
  /** Of an upload that is too large to be held, this much is read before it is forwarded, and kept in its trace. */
  uploadHeadBytes: 256 * KiB,
  /** A plain answer is held whole up to here until its record is acknowledged; beyond, only its last piece is. */
  heldAnswerBytesMax: 16 * MiB,
  /** Bytes of one answer that are kept in its trace; the client gets all of it, the trace says that it was cut. */
  captureBytesMax: 64 * MiB,
  /** A part of an event is held for its end up to here (images come in events of 8 MB); a longer one passes in pieces. */
  heldEventBytesMax: 16 * MiB,
  /** Captured bytes go to the lane when there are this many ... */
  chunkFrameBytes: 64 * KiB,
  /** ... or after this time. */
  chunkFrameMs: 1000,
  /** Captured bytes of one exchange that its lane has not acknowledged; above, the provider is paused until it has. */
  unrecordedBytesMax: 256 * KiB,
  /** Bytes that may wait in one lane for Postgres; above, new requests are refused with trace_store_unavailable. */
  laneBacklogBytesMax: 256 * MiB,
  /** A COPY is cut at this many rows ... */
  copyRowsMax: 2000,
  /** ... or this many bytes ... */
  copyBytesMax: 8 * MiB,
  /** ... or when its first row has waited this long. */
  copyWaitMs: 50,
  /** One write to the COPY stream; every write becomes one CopyData message. */
  copyChunkBytes: 256 * KiB,
  /** Bodies smaller than this are sealed uncompressed: deflate costs more than it saves. */
  compressBytesMin: 4 * KiB,
  /** Keys held in the authentication cache. */
  cachedKeysMax: 100_000,
  /** Unknown keys remembered, apart from the good ones, so that a flood of guesses evicts nothing. */
  cachedUnknownKeysMax: 10_000,
  /** How long an unknown key is remembered as unknown. */
  unknownKeyMs: 2000,
  /** Keys being looked up at once; above, requests with keys not in the cache are answered 503. */
  pendingKeyLookupsMax: 1000,
  /** Connection pools kept for providers; the least used is closed beyond. */
  upstreamPoolsMax: 1000,
  /** The largest response head taken from a provider. */
  upstreamHeaderBytesMax: 64 * KiB,
  /** Months of partitions that exist ahead of the current one. */
  partitionMonthsAhead: 3,
  /** Text that a client chose and that becomes a column (model, session, user, request id) is cut here, in characters. */
  columnTextMax: 512,
  /** What is kept of a `user-agent`, in characters. */
  userAgentMax: 200,
  /** A header that is recorded is cut here, in characters. */
  headerValueMax: 256,
  /** All recorded headers of a request together, in characters; as many again of its provider's answer. */
  keptHeadersMax: 2048,
  /** Moments kept of one stream, at which bytes came. */
  arrivalTimesMax: 64,
  /** Tags kept of one exchange. */
  tagsMax: 16,
  /** Derived keys held in one lane; the least used is zero-filled and dropped beyond. */
  derivedKeysMax: 10_000,
  /** An exchange with more bytes than this is compressed off the lane's thread and sealed in pieces of this size. */
  sealInPiecesBytesMin: 64 * KiB,
  /** How long an answer is read on after its client has left, where the key asks for that; its bytes: a capture. */
  drainMsMax: 120_000,
  /** The most of one streamed answer that is read for its usage: its head and its tail. */
  accountBytesMax: 4 * MiB,
  /** A lane's heap grows to this size, bodies included, before all of it is looked through for garbage. */
  laneHeapBytesMin: 64 * MiB,
  /** How long a lane works on finished exchanges before it looks at its port again. */
  laneSliceMs: 2,
  /** A database that says nothing for this long in the middle of a batch is taken for gone. */
  databaseTimeoutMs: 15_000,
  /** How often a chain of the ledger that has moved leaves a checkpoint outside the database. */
  checkpointEveryMs: 10_000,
  /** The longest pause between two tries to reach the database. */
  databaseRetryMsMax: 5000,
  /** A segment of the spool, zero-filled before it is used; a frame that needs more than a sixteenth gets its own. */
  spoolSegmentBytes: 16 * MiB,
  /** Room that is kept for the `end` of every open exchange: a chunk frame that was not sent yet, and its record. */
  spoolEndBytes: 72 * KiB,
  /** Of a lane's spool, what new exchanges may fill: the rest is for large answers of those that have begun. */
  spoolNewShare: 7 / 8,
  /** The largest frame that a scan believes: the largest body, sealed. */
  spoolFrameBytesMax: 288 * MiB,
  /** Bytes of segments that one lane keeps on the disk; above, new requests are refused with trace_store_unavailable. */
  laneSpoolBytesMax: 8 * 1024 * MiB,
  /** Finished exchanges that a lane holds in memory; above, they are read back from the spool when their turn comes. */
  laneMemoryBytesMax: 64 * MiB,
  /** Responses made in the background whose usage a process waits for; of those above, the usage is not counted. */
  owedUsagesMax: 65_536,
  /** A request body above this is not read for the attributes of its span. */
  spanBodyBytesMax: 256 * KiB,
  /** Of the messages on a span, asked and answered each, where LOOM_OTEL_CAPTURE_CONTENT puts them there, in characters. */
  spanContentCharactersMax: 16_384,
  /** Gaps of which a lane keeps the particulars until they are in the ledger; of those above, only the numbers. */
  laneGapsMax: 100_000,
  /** How long a lane that found its disk full or failing waits before it tries again. */
  spoolRetryMs: 1000,
  /** Connections that the query API has of its own, so that requests never wait behind a query. */
  queryConnections: 4,
  /** Queries that may wait for one of those connections; above, 429 query_busy. */
  waitingQueriesMax: 64,
  /** The longest that one statement of the query API may run; above, 503 query_too_slow. */
  queryTimeoutMs: 10_000,
  /** Rows that one page of a list looks through for a filter; what lies beyond is the next page's. */
  scannedRowsMax: 250,
  /** The same of a page of sessions, which come from the newest rows. */
  scannedForSessionsMax: 2000,
  /** Rows that an export reads and writes at a time; between two such pages it holds nothing of the database. */
  exportPageRows: 500,
  /** Exports that run at once in one process. */
  exportsMax: 4,
  /** Bytes of a body that are written to a client at a time. */
  bodyPieceBytes: 256 * KiB,
  /** Live tails that one process serves at once. */
  liveTailsMax: 50,
  /** Rows that a live tail sends each second at most; it says how many it left out. */
  liveRowsPerSecondMax: 20,
  /** How often a live tail looks for what is new. */
  liveEveryMs: 1000,
  /** New rows of a tenant that a live tail looks through each time. */
  liveScannedRowsMax: 5000,
  /** Rollups that are added to the sums in one transaction. */
  foldRowsMax: 50_000,
  /** How often they are. */
  foldEveryMs: 30_000,
} as const;

/** Fails at start when two bounds contradict each other. */
export function assertLimits(): void {
  assert(limits.chunkFrameBytes <= limits.captureBytesMax, "a chunk frame must fit into a capture");
  assert(limits.chunkFrameBytes <= limits.unrecordedBytesMax, "a chunk frame must be allowed to wait for its lane");
  assert(limits.heldEventBytesMax <= limits.heldAnswerBytesMax, "a held event must fit into a held answer");
  assert(limits.copyChunkBytes <= limits.copyBytesMax, "a COPY chunk must fit into a COPY");
  assert(limits.copyBytesMax < limits.laneBacklogBytesMax, "a lane must be able to hold more than one COPY");
  assert(limits.captureBytesMax < limits.laneBacklogBytesMax, "a lane must be able to hold the largest capture");
  assert(limits.cachedUnknownKeysMax <= limits.cachedKeysMax, "unknown keys must not get more room than known ones");
  assert(limits.chunkFrameBytes < limits.spoolEndBytes, "the rest of an answer must fit into the room kept for it");
  assert(limits.spoolEndBytes * 16 <= limits.spoolSegmentBytes, "an end must never need a segment of its own");
  assert(limits.liveRowsPerSecondMax <= limits.liveScannedRowsMax, "a live tail must look at what it sends");
  assert(limits.requestBodyBytesMax < limits.spoolFrameBytesMax, "the largest body must fit into a frame");
}
