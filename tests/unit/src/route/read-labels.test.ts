import { describe, expect, it } from "vitest";
import { limits } from "../../../../src/limits.js";
import { readLabels } from "../../../../src/route/read-labels.js";

const read = (headers: Record<string, string>, user: string | null = null, session: string | null = null) =>
  readLabels(new Map(Object.entries(headers)), user, session);

describe("the labels of a request", () => {
  it.each([
    [{ "x-litellm-session-id": "s" }, { sessionId: "s" }],
    [{ "helicone-session-id": "s", "x-loom-session-id": "l" }, { sessionId: "l" }],
    [{ "helicone-user-id": "u" }, { endUser: "u" }],
    [{ "x-litellm-end-user-id": "u" }, { endUser: "u" }],
    [{ "x-litellm-customer-id": "u" }, { endUser: "u" }],
    [{ "x-portkey-metadata": '{"_user":"u","env":"prod","_environment":"x"}' }, { endUser: "u", tags: ["env=prod"] }],
    [{ "x-portkey-metadata": '{"_user":"u"}', "x-loom-user-id": "l" }, { endUser: "l" }],
    [{ "cf-aig-metadata": '{"team":"AI","user":12345,"test":true}' }, { tags: ["team=AI", "user=12345", "test=true"] }],
    [{ "helicone-property-app": "mobile" }, { tags: ["app=mobile"] }],
    [{ "x-litellm-tags": "a,b" }, { tags: ["a", "b"] }],
    [
      { "x-portkey-trace-id": "t", "x-litellm-trace-id": "t" },
      { sessionId: null, endUser: null, tags: [] },
    ],
  ])("%j are %j", (headers, labels) => {
    expect(read(headers)).toMatchObject(labels);
  });

  it("come from the body where no header says them", () => {
    expect(read({}, "u", "s")).toEqual({ endUser: "u", sessionId: "s", tags: [] });
    expect(read({ "x-user-id": "h" }, "u", "s")).toMatchObject({ endUser: "h" });
  });

  it.each(["{", "[1]", '"x"', "null", '{"a":{"b":1}}', '{"a":null,"b":""}', `{"a":"${"x".repeat(9000)}"}`])(
    "take nothing of the metadata %s that is not plain",
    (line) => {
      expect(read({ "cf-aig-metadata": line, "x-portkey-metadata": line }).tags).toEqual([]);
    },
  );

  it("say which library asked, and how often it had tried before", () => {
    const openai = { "x-stainless-lang": "js", "x-stainless-package-version": "6.49.0" };
    expect(read({ ...openai, "x-stainless-retry-count": "0" }).tags).toEqual(["loom.client=openai-js/6.49.0"]);
    expect(read({ ...openai, "x-stainless-retry-count": "2", "x-loom-tags": "a" }).tags).toEqual([
      "loom.client=openai-js/6.49.0",
      "loom.client-retry=2",
      "a",
    ]);
    expect(read({ "x-stainless-retry-count": "2" }).tags).toEqual([]);
  });

  it("are never Loom's own because a client wrote them", () => {
    expect(read({ "x-loom-tags": "loom.client=me,b" }).tags).toEqual(["b"]);
  });

  it("are bounded", () => {
    const many = Object.fromEntries(Array.from({ length: 90 }, (_, at) => [`helicone-property-${at}`, "x"]));
    expect(read(many).tags).toHaveLength(limits.tagsMax);
  });
});
