// How much of the suite a run does. `npm test` has the quick scenarios, `npm run fault` those of CI as well, and
// `npm run fault -- --full` everything in the numbers of a release.

export type Tier = "quick" | "usual" | "full";

const tiers: readonly Tier[] = ["quick", "usual", "full"];

function readTier(given = "quick"): Tier {
  const found = tiers.find((name) => name === given);
  if (found === undefined) throw new Error(`FAULT_TIER is one of ${tiers.join(", ")}, not ${given}`);
  return found;
}

const tier = readTier(process.env["FAULT_TIER"]);
export const isFull = tier === "full";

/** True where a scenario of `least` is left out. */
export function isAbove(least: Tier): boolean {
  return tiers.indexOf(least) > tiers.indexOf(tier);
}

/** How often, how long, how many: by tier. */
export function byTier<Value>(quick: Value, usual: Value, full: Value): Value {
  return { quick, usual, full }[tier];
}
