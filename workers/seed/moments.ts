// When seeded traces began: spread over the days with working hours and quieter weekends, in order.
import type { SeededRandom } from "./random.js";

const hourMs = 3_600_000;

/** How busy an hour of UTC is, 1 on average of a working day or so. */
function weightOf(atMs: number): number {
  const at = new Date(atMs);
  const daily = 1 + 0.7 * Math.sin(((at.getUTCHours() - 8) / 24) * 2 * Math.PI);
  const isWeekend = at.getUTCDay() === 0 || at.getUTCDay() === 6;
  return isWeekend ? daily * 0.4 : daily;
}

/** `rows` moments in ascending order, unix ms with three decimals, in the `days` before `endMs`. */
export function* makeMoments(rows: number, days: number, endMs: number, random: SeededRandom): Generator<number> {
  const hours = Math.max(1, Math.round(days * 24));
  const startMs = endMs - hours * hourMs;
  let weights = 0;
  for (let hour = 0; hour < hours; hour += 1) weights += weightOf(startMs + hour * hourMs);
  let made = 0;
  let before = 0;
  for (let hour = 0; hour < hours; hour += 1) {
    const fromMs = startMs + hour * hourMs;
    before += weightOf(fromMs);
    const until = hour === hours - 1 ? rows : Math.round((rows * before) / weights);
    const moments = Array.from({ length: until - made }, () => fromMs + random.next() * hourMs);
    moments.sort((left, right) => left - right);
    for (const moment of moments) yield Math.min(Math.floor(moment * 1000) / 1000, endMs);
    made = until;
  }
}
