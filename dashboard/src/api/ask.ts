// One request to the gateway's API, with the key of this browser, and what can go wrong with it.
import { readKey } from "./key-store.js";

/** Where in a filter's text the fault is. */
export type FaultPosition = { readonly start: number; readonly end: number };

/** An answer that is no success, in the words of the API. `position` lies in the filter that was refused. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly position: FaultPosition | null;
  readonly traceId: string | null;

  constructor(
    status: number,
    message: string,
    about: { code?: string | null; position?: FaultPosition | null; traceId?: string | null },
  ) {
    super(message);
    this.name = "ApiFailure";
    this.status = status;
    this.code = about.code ?? null;
    this.position = about.position ?? null;
    this.traceId = about.traceId ?? null;
  }
}

export type QueryValue = string | number | boolean | null | undefined;
export type AskOptions = {
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly method?: "GET" | "POST" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Used instead of the key of this browser. */
  readonly key?: string;
};

/** The path with its query; values that are null, undefined or empty are left out. */
export function pathWith(path: string, query: Readonly<Record<string, QueryValue>> = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** Sends and gives the answer once its head is there. Throws ApiFailure for anything but a success. */
export async function send(path: string, options: AskOptions = {}): Promise<Response> {
  const key = options.key ?? readKey();
  const headers: Record<string, string> = { ...options.headers };
  if (key !== null) headers["authorization"] = `Bearer ${key}`;
  if (options.body !== undefined) headers["content-type"] = "application/json";
  const init: RequestInit = { method: options.method ?? "GET", headers, credentials: "omit", cache: "no-store" };
  if (options.signal !== undefined) init.signal = options.signal;
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  let response: Response;
  try {
    response = await fetch(pathWith(path, options.query), init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiFailure(0, "The gateway cannot be reached. Is it running?", {});
  }
  if (!response.ok) throw await readFailure(response);
  return response;
}

/** Sends and reads the JSON of the answer. */
export async function ask<T>(path: string, options: AskOptions = {}): Promise<T> {
  const response = await send(path, options);
  return (await response.json()) as T;
}

async function readFailure(response: Response): Promise<ApiFailure> {
  const text = await response.text().catch(() => "");
  const traceId = response.headers.get("x-loom-trace-id");
  try {
    const { error } = JSON.parse(text) as {
      error: { message?: string; code?: string; position?: FaultPosition };
    };
    return new ApiFailure(response.status, error.message ?? response.statusText, {
      code: error.code ?? null,
      position: error.position ?? null,
      traceId,
    });
  } catch {
    return new ApiFailure(response.status, text.slice(0, 300) || `The gateway answered ${response.status}.`, {
      traceId,
    });
  }
}
