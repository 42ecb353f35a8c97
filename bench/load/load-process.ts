// The generator's process: makes one load at a time as it is told over IPC, so that its work is on no measured process.
import { runClosedLoop } from "./closed-loop.js";
import { runKeyedLoop } from "./keyed-loop.js";
import type { Load, LoadAnswer, LoadResult } from "./loads.js";
import { runOpenLoop } from "./open-loop.js";
import { runPacedStreams } from "./paced-streams.js";

function run(load: Load): Promise<LoadResult> {
  switch (load.kind) {
    case "closed":
      return runClosedLoop(load);
    case "keyed":
      return runKeyedLoop(load);
    case "open":
      return runOpenLoop(load);
    case "streams":
      return runPacedStreams(load);
  }
}

async function answer(load: Load): Promise<LoadAnswer> {
  try {
    return { kind: "result", result: await run(load) };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

process.on("message", (load: Load) => {
  void answer(load).then((sent) => process.send?.(sent));
});
// Without its parent there is nobody to work for.
process.on("disconnect", () => process.exit(0));
