// Named places where the fault suite ends the process by SIGKILL, as if the machine's owner had done it there.
// Set by LOOM_CRASH_AT=<point>[:<nth time>] and by nothing else.
import type { CrashPoint } from "../../src/trace/lane-messages.js";

/** Called at each named point. */
export type Reach = (point: CrashPoint) => void;

/** `setting` is a point, or a point and the how manieth time; null for never. */
export function crashAt(setting: string | null): Reach {
  if (setting === null) return () => {};
  const [point, times = "1"] = setting.split(":");
  let left = Number(times);
  return (reached) => {
    if (reached !== point) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  };
}
