// Splits a base URL into what a call needs, and joins a path to it. Pure.

export type BaseUrl = { readonly origin: string; readonly basePath: string };

/** Throws a TypeError when the URL is not absolute http or https, or carries a user, a query or a fragment. */
export function splitBaseUrl(baseUrl: string): BaseUrl {
  const url = new URL(baseUrl);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new TypeError(`${url.protocol} is not http or https`);
  if (url.username !== "" || url.password !== "") throw new TypeError("a base URL must not carry a user or password");
  if (url.search !== "" || url.hash !== "") throw new TypeError("a base URL must not carry a query or fragment");
  return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, "") };
}
