// Whether a stream that ended without `[DONE]` had said itself that it was over: by a finish reason (some servers
// never send `[DONE]`), or by an error event of the provider's own. Without either, an end is a cut, and Loom never
// makes a success of it.

const finishPattern = /"finish_reason"\s*:\s*"/;
const errorPattern = /(?:^|[\r\n])(?:event: ?error[\r\n]|data: ?\{\s*(?:"error"\s*:\s*[{"]|"type"\s*:\s*"error"))/;
/** How much of the end of a stream is looked at. */
export const tailBytes = 8192;

/** `recent` are the last pieces of the answer, in order. */
export function saysOver(recent: readonly Uint8Array[]): boolean {
  let text = "";
  for (let index = recent.length - 1; index >= 0 && text.length < tailBytes; index -= 1) {
    text = Buffer.from(recent[index] ?? []).toString("latin1") + text;
  }
  return finishPattern.test(text) || errorPattern.test(text);
}
