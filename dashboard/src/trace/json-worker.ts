// The worker that lays out large JSON texts.
import { layOutJson } from "./json-lines.js";

addEventListener("message", (event: MessageEvent<string>) => {
  postMessage(layOutJson(event.data));
});
