import { describe, expect, it } from "vitest";
import { answerForm } from "../../../../src/tee/answer-form.js";

describe("the form of an answer", () => {
  it.each([
    [200, { "content-type": "text/event-stream; charset=utf-8" }, "events"],
    [200, { "content-type": "TEXT/EVENT-STREAM", "content-encoding": "Identity" }, "events"],
    [200, { "content-type": "text/event-stream", "content-encoding": "gzip" }, "opaque"],
    [200, { "content-type": "application/json" }, "plain"],
    [200, {}, "plain"],
    [429, { "content-type": "text/event-stream" }, "plain"],
  ])("of %i %j is %s", (status, headers, form) => {
    expect(answerForm(status, headers)).toBe(form);
  });
});
