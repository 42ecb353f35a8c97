import { describe, expect, it } from "vitest";
import { bodyAttributes } from "../../../otel/request-attributes.js";
import { exchangeOf } from "../../support/exchanges.js";

const exchange = (request: unknown, response: string) =>
  exchangeOf({
    requestBody: Buffer.from(typeof request === "string" ? request : JSON.stringify(request)),
    responseBody: Buffer.from(response),
  });
const sse = (...texts: string[]) =>
  `${texts.map((text) => `data: ${JSON.stringify({ choices: [{ delta: { content: text } }] })}\n\n`).join("")}data: [DONE]\n\n`;

describe("what a span says of the bodies", () => {
  it("is parameters only, unless messages are asked for", () => {
    const asked = exchange({ messages: [{ role: "user", content: "secret" }], temperature: 1, n: 1, seed: 1.5 }, "{}");
    expect(bodyAttributes(asked, false)).toEqual({ "gen_ai.request.temperature": 1 });
    expect(JSON.stringify(bodyAttributes(asked, true))).toContain("secret");
  });

  it.each(["", "no json", "[1]", '{"messages":7,"stop":{"a":1},"n":"x","tools":null}', '{"messages":[null,5,{}]}'])(
    "is never a fault, as with %s",
    (request) => {
      expect(() => bodyAttributes(exchange(request, request), true)).not.toThrow();
    },
  );

  it("is the text of a stream put together, and the parts of a message by their kind", () => {
    const parts = [
      { type: "text", text: "look" },
      { type: "image_url", image_url: { url: "data:..." } },
    ];
    const attributes = bodyAttributes(
      exchange({ messages: [{ role: "user", content: parts }] }, sse("Hel", "lo")),
      true,
    );
    expect(JSON.parse(String(attributes["gen_ai.input.messages"]))).toEqual([
      {
        role: "user",
        parts: [
          { type: "text", content: "look" },
          { type: "image_url", content: "" },
        ],
      },
    ]);
    expect(JSON.parse(String(attributes["gen_ai.output.messages"]))).toEqual([
      { role: "assistant", parts: [{ type: "text", content: "Hello" }] },
    ]);
  });

  it("is cut to its bound over all messages together, whole as JSON and well-formed as text", () => {
    const messages = Array.from({ length: 50 }, () => ({ role: "user", content: "😀".repeat(1000) }));
    const attributes = bodyAttributes(exchange({ messages }, "{}"), true);
    const text = String(attributes["gen_ai.input.messages"]);
    const kept = JSON.parse(text) as { parts: { content: string }[] }[];
    expect(kept.flatMap(({ parts }) => parts.map(({ content }) => content)).join("").length).toBeLessThanOrEqual(
      16_384,
    );
    expect(text.isWellFormed()).toBe(true);
    expect(attributes["loom.content_truncated"]).toBe(true);
  });
});
