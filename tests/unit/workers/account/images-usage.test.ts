import { describe, expect, it } from "vitest";
import { collectImages } from "../../../../workers/account/images-usage.js";

const usage = { input_tokens: 50, input_tokens_details: { text_tokens: 10, image_tokens: 40 }, output_tokens: 1056 };
const collect = (body: string) => collectImages(Buffer.from(body));
const picture = "A".repeat(100_000);

describe("the usage of images", () => {
  it("is found behind the pictures", () => {
    const body = JSON.stringify({ created: 1, data: [{ b64_json: picture }], usage, size: "auto" });
    expect(collect(body)).toMatchObject({
      usage: { promptTokens: 50, inputImageTokens: 40, completionTokens: 1056, totalTokens: 1106 },
      failed: false,
    });
  });

  it("is found in the last event of a stream", () => {
    const event = { type: "image_generation.completed", b64_json: picture, usage };
    expect(collect(`event: image_generation.completed\ndata: ${JSON.stringify(event)}\n\n`).usage?.totalTokens).toBe(
      1106,
    );
  });

  it.each([
    "",
    "{}",
    '{"data":[{"revised_prompt":"the \\"usage\\": {"}]}',
    '{"usage":null}',
    '{"usage":{"input_tokens":',
  ])("is none in %j", (body) => {
    expect(collect(body)).toMatchObject({ usage: null, failed: false });
  });

  it("is not there when the answer failed", () => {
    expect(collect('{"error":{"message":"x"}}')).toMatchObject({ usage: null, failed: true });
    expect(collect(`data: {"x":1}\n\nevent: error\ndata: {"type":"error"}\n\n`).failed).toBe(true);
  });
});
