import { expect, test } from "vitest";
import { readClient } from "../../../../src/query/read-client.js";
import { readLabels } from "../../../../src/route/read-labels.js";

const tagsOf = (headers: Record<string, string>) => readLabels(new Map(Object.entries(headers)), null, null).tags;

test("what an official client says of itself in headers is read back from the tags that keep it", () => {
  const client = {
    "x-stainless-lang": "js",
    "x-stainless-package-version": "6.49.0",
    "x-loom-tags": "a,loom.client=b",
  };
  expect(readClient(tagsOf(client))).toEqual({ library: "openai-js", version: "6.49.0", retry: 0 });
  const again = { "x-stainless-lang": "python", "x-stainless-retry-count": "2" };
  expect(readClient(tagsOf(again))).toEqual({ library: "openai-python", version: null, retry: 2 });
  expect(readClient(tagsOf({ "x-loom-tags": "a" }))).toBeNull();
  expect(readClient(["loom.client=openai-js/1/2", "loom.client-retry=x"])).toEqual({
    library: "openai-js",
    version: "1/2",
    retry: 0,
  });
});
