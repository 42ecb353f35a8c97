// What the live tail sends: server-sent events, each with one of these as its data.
import { z } from "zod";
import { traceShape } from "./trace.js";

export const liveTracesShape = z
  .object({
    data: z.array(traceShape).describe("Exchanges that came to their end since the last event, oldest first."),
    leftOut: z.int().describe("Further ones that matched in that time and were not sent, to stay readable."),
  })
  .describe("Data of the event `traces`.")
  .meta({ id: "LiveTraces" });

const liveReadyShape = z
  .object({
    rowsPerSecondMax: z.int(),
    filter: z.string().describe("The filter in force, in the filter language."),
  })
  .describe("Data of the event `ready`, the first one.")
  .meta({ id: "LiveReady" });

const liveFaultShape = z
  .object({ message: z.string() })
  .describe("Data of the event `fault`: the database is away; the tail goes on by itself when it is back.")
  .meta({ id: "LiveFault" });

/** The components of the OpenAPI document. */
export const liveShapes = [liveTracesShape, liveReadyShape, liveFaultShape];
