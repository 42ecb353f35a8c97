// What an official client said of itself, out of the tags that the record keeps it in (docs/decisions/0030-client-tags.md).

export type Client = {
  readonly library: string;
  readonly version: string | null;
  /** 0: the first try. */
  readonly retry: number;
};

const clientTag = "loom.client=";
const retryTag = "loom.client-retry=";

/** Null where it said nothing. Only Loom writes tags that begin so. */
export function readClient(tags: readonly string[]): Client | null {
  const named = tags.find((tag) => tag.startsWith(clientTag))?.slice(clientTag.length);
  if (named === undefined) return null;
  const [library = "", ...version] = named.split("/");
  const retry = Number(tags.find((tag) => tag.startsWith(retryTag))?.slice(retryTag.length) ?? 0);
  return {
    library,
    version: version.length === 0 ? null : version.join("/"),
    retry: Number.isInteger(retry) ? retry : 0,
  };
}
