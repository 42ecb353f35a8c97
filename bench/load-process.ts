// The generator's process: makes one load at a time as it is told over IPC, so that its work is on no measured process.
import { runClosedLoop } from "./closed-loop.js";
import type { Load, LoadAnswer } from "./loads.js";
import { runPacedStreams } from "./paced-streams.js";

async function answer(load: Load): Promise<LoadAnswer> {
  try {
    const result = load.kind === "closed" ? await runClosedLoop(load) : await runPacedStreams(load);
    return { kind: "result", result };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

process.on("message", (load: Load) => {
  void answer(load).then((sent) => process.send?.(sent));
});
// Without its parent there is nobody to work for.
process.on("disconnect", () => process.exit(0));
