// Loaded into every thread of a gateway before anything else (`node --import`): does what no signal can do to one
// thread alone. Commands are files in the folder that `?folder=` names; a thread that removes one obeys it.
//   crash   the thread ends      throw   an error that nobody catches      hang   a busy loop of the given ms
//   clock   (stays) the wall clock is off by the given ms, in every thread
// And FAULT_LIMITS, a JSON object, takes the place of limits of Loom that would take too long to come to.
import { readFileSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { isMainThread, workerData } from "node:worker_threads";

const folder = new URL(import.meta.url).searchParams.get("folder") ?? "";
const isLaneThread = !isMainThread && workerData?.shape === undefined;

const changedLimits = process.env.FAULT_LIMITS;
if (isMainThread && changedLimits !== undefined) {
  const { limits } = await import(pathToFileURL(join(dirname(process.argv[1] ?? ""), "limits.js")).href);
  Object.assign(limits, JSON.parse(changedLimits));
}

/** @param {string} name */
function read(name) {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return null;
  }
}

/** @param {string} name */
function take(name) {
  const text = read(name);
  if (text === null) return null;
  try {
    unlinkSync(join(folder, name));
    return text;
  } catch {
    // Another thread was first.
    return null;
  }
}

let offsetMs = Number(read("clock") ?? 0);
const RealDate = Date;
const realNow = Date.now.bind(Date);

class ShiftedDate extends RealDate {
  /** @param {any[]} args */
  constructor(...args) {
    if (args.length === 0) super(realNow() + offsetMs);
    else super(.../** @type {[any]} */ (args));
  }
  static now() {
    return realNow() + offsetMs;
  }
}
globalThis.Date = /** @type {any} */ (ShiftedDate);

setInterval(() => {
  offsetMs = Number(read("clock") ?? 0);
  if (!isLaneThread) return;
  if (take("crash") !== null) process.exit(7);
  if (take("throw") !== null) throw new Error("a fault that nobody foresaw");
  const hangMs = Number(take("hang") ?? 0);
  const until = performance.now() + hangMs;
  while (performance.now() < until);
}, 10).unref();
