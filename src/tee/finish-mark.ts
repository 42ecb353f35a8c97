// Whether a stream that ended without `[DONE]` had said that it was finished. Some servers never send `[DONE]`;
// without a finish reason either, an end is a cut, and Loom never makes a success of it.

const finishPattern = /"finish_reason"\s*:\s*"/;
const tailBytes = 8192;

/** `recent` are the last captured pieces of the answer, in order. */
export function saysFinished(recent: readonly Uint8Array[]): boolean {
  let text = "";
  for (let index = recent.length - 1; index >= 0 && text.length < tailBytes; index -= 1) {
    text = Buffer.from(recent[index] ?? []).toString("latin1") + text;
  }
  return finishPattern.test(text);
}
