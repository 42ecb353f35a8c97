// Loaded by `--import` into every thread of the measured gateway: notes the kernel's id of a worker thread in a file,
// so that the bench can tell the lanes' CPU time apart. Node gives its threads no names before version 24.
import { readlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isMainThread } from "node:worker_threads";

// A lane's environment is empty, so the folder comes with the address of this module.
const folder = new URL(import.meta.url).searchParams.get("folder");
if (folder !== null && !isMainThread) {
  const kind = process.argv[1]?.includes("piscina") === true ? "lane" : "other";
  try {
    writeFileSync(join(folder, basename(readlinkSync("/proc/thread-self"))), kind);
  } catch {
    // Not Linux: the threads stay in one sum.
  }
}
