// An upload on its way to the provider while it still comes from the client: the client is paused for as long as the
// provider takes nothing.
import { Readable } from "node:stream";
import type { Upload } from "./forward/forward.js";
import type { BodyRest } from "./listen/exchange.js";

/** What has come and waits to be sent, before the client is paused. */
const waitingBytesMax = 256 * 1024;

/** `head` is sent first: what was read of the body before, `readBytes` of it, as it is to be sent. */
export function openUpload(head: Buffer, readBytes: number, rest: BodyRest): Upload {
  let state: "waiting" | "flowing" = "waiting";
  const upload = new Readable({
    highWaterMark: waitingBytesMax,
    read() {
      if (state === "flowing") {
        rest.resume();
        return;
      }
      state = "flowing";
      upload.push(head);
      rest.start({
        onBytes(bytes) {
          if (!upload.destroyed && !upload.push(bytes)) rest.pause();
        },
        onEnd() {
          if (!upload.destroyed) upload.push(null);
        },
        onFault(error) {
          upload.destroy(error);
        },
      });
    },
  });
  // undici tells of it as the attempt's failure; without a listener it would end the process.
  upload.on("error", () => undefined);
  return { stream: upload, bytes: rest.totalBytes + head.length - readBytes };
}
