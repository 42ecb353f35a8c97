// Loaded into a gateway before anything else (`npm run bench -- --import`): every call to a provider waits 2 ms longer,
// as a slow line on the path would make it. Only time is planted, no CPU: the guard of the bench has to find that too.
import { createRequire } from "node:module";

const sleepMs = 2;
const { Pool } = createRequire(import.meta.url)("undici");
const dispatch = Pool.prototype.dispatch;

/** @this {object} @param {unknown[]} args */
Pool.prototype.dispatch = function dispatchLate(...args) {
  setTimeout(() => dispatch.apply(this, args), sleepMs);
  return true;
};
