// The only place that makes an error body: the OpenAI shape, from the table of codes. A cause never leaves.
import { codes } from "./codes.js";
import type { LoomError } from "./loom-error.js";

/** The JSON body of an error, in the shape of OpenAI's API: `{"error":{message,type,param,code}}`. */
export function errorBody(error: LoomError): string {
  const { message, param, code, position } = error;
  return JSON.stringify({
    error: { message, type: codes[code].type, param, code, ...(position !== null && { position }) },
  });
}

/** One server-sent event that makes official clients raise an API error (they look for a truthy `error` key). */
export function errorEvent(error: LoomError): string {
  return `data: ${errorBody(error)}\n\n`;
}
