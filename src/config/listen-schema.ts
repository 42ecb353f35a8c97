// The sections of loom.yaml on the client's side of an exchange, and on what is kept of it.
import { z } from "zod";
import { limits } from "../limits.js";
import { dayMs, oneOf, section, wholeNumber } from "./schema-fields.js";

export const listenSection = section(
  {
    host: z
      .string("an address, as text.")
      .regex(/^[A-Za-z0-9.:_-]+$/, "an address such as 127.0.0.1 or 0.0.0.0, without a port.")
      .optional()
      .meta({ description: "The address to listen on; 127.0.0.1 when left out" }),
    port: wholeNumber(0, 65_535, "the port to listen on"),
    chunkedRequests: oneOf(["refuse", "accept"], "what happens to request bodies without a Content-Length"),
    bodyBytesMax: wholeNumber(1, limits.requestBodyBytesMax, "the largest request body in bytes"),
    uploadBytesMax: wholeNumber(1, limits.uploadBytesMax, "the largest upload that is not JSON, in bytes"),
    bodyBytesInFlightMax: wholeNumber(1, Number.MAX_SAFE_INTEGER, "bytes of all request bodies held at once"),
    exchangesMax: wholeNumber(1, 1_000_000, "the most requests in hand at once"),
    headersTimeoutMs: wholeNumber(1, dayMs, "the longest time of a request's head in ms; front end node only"),
    bodyTimeoutMs: wholeNumber(1, dayMs, "the longest time of a request's body in ms, beside a second per 16 KiB"),
    writeTimeoutMs: wholeNumber(1, dayMs, "how long a client may take nothing of its answer in ms"),
    exchangeTimeoutMs: wholeNumber(1, 7 * dayMs, "the longest time of a whole exchange in ms"),
    keepAliveTimeoutMs: wholeNumber(1, dayMs, "how long a connection may wait idle in ms; front end node only"),
    keepAliveCommentsMs: wholeNumber(
      0,
      dayMs,
      "after how much silence in ms a stream gets a comment between events; 0 for none",
    ),
    frontEnd: oneOf(["native", "node"], "the HTTP front end"),
    frontEndSha256: z
      .string("a SHA-256, as text.")
      .regex(/^[0-9a-f]{64}$/i, "a SHA-256 as 64 hexadecimal digits.")
      .optional()
      .meta({ description: "The SHA-256 of another build of the front end's addon that you accept" }),
  },
  "Where clients connect",
);

export const captureSection = section(
  {
    bytesMax: wholeNumber(1, limits.captureBytesMax, "bytes of one answer that are kept in its trace"),
    bytesInFlightMax: wholeNumber(
      limits.chunkFrameBytes,
      Number.MAX_SAFE_INTEGER,
      "bytes of all answers that are held or not recorded yet; above, providers are slowed down",
    ),
  },
  "What is kept of answers",
);
