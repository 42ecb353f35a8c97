// Chooses the front end: uWebSockets.js where it loads, node:http where it does not or where the operator says so.
import { limits } from "../limits.js";
import type { Listener, ListenOptions } from "./listen.js";
import { type AddonOptions, AddonUnavailable, loadAddon } from "./native-addon.js";
import { listenNative } from "./native-http.js";
import { listenNode } from "./node-http.js";

export type FrontEndName = "native" | "node";

/** null: the front end decides, as well as it reads chunked bodies. */
type FrontEndRules = Omit<ListenOptions, "chunkedRequests"> & {
  readonly chunkedRequests: ListenOptions["chunkedRequests"] | null;
};

export type FrontEnd = {
  readonly name: FrontEndName;
  /** For the banner, such as `uWebSockets.js 20.57.0 (compatible copy for glibc 2.36)`. */
  readonly description: string;
  /** Why it is not the one that Loom would rather take, or null. */
  readonly notice: string | null;
  /** Rejects with an Error that says why the port cannot be had. */
  listen(options: FrontEndRules): Promise<Listener>;
};

export type FrontEndOptions = Omit<AddonOptions, "headerBytesMax"> & {
  /** What the operator asked for; null takes the native one where it loads. */
  readonly asked: FrontEndName | null;
};

function openNode(notice: string | null): FrontEnd {
  return {
    name: "node",
    description: `node:http of Node ${process.version}`,
    notice,
    listen: (rules) => listenNode({ ...rules, chunkedRequests: rules.chunkedRequests ?? "accept" }),
  };
}

/** Throws AddonUnavailable where the native front end was asked for by name and cannot be loaded. */
export function openFrontEnd({ asked, ...options }: FrontEndOptions, load = loadAddon): FrontEnd {
  if (asked === "node") return openNode(null);
  try {
    const { addon, description } = load({ ...options, headerBytesMax: limits.headerBytesMax });
    return {
      name: "native",
      description,
      notice: null,
      listen: (rules) => listenNative(addon, { ...rules, chunkedRequests: rules.chunkedRequests ?? "refuse" }),
    };
  } catch (error) {
    if (asked === "native" || !(error instanceof AddonUnavailable)) throw error;
    return openNode(`node:http serves, which costs more CPU: ${error.reason}`);
  }
}
