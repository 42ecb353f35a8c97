import { describe, expect, it } from "vitest";
import { EndWatch, terminalTypes } from "../../../../src/tee/stream-end.js";

describe("the watch for an end that nobody holds", () => {
  const end = `event: response.completed\ndata: {"type":"response.completed","x":"${"y".repeat(999)}"}\n\n`;
  const stream = Buffer.from(`data: {"x":1}\n\n${end}`);

  it.each([1, 2, 3, 7, 30, 64, 100, 5000])("sees it in pieces of %d bytes", (size) => {
    const watch = new EndWatch(terminalTypes.responses);
    for (let at = 0; at < stream.length; at += size) watch.look(stream.subarray(at, at + size));
    expect(watch.seen).toBe(true);
  });

  it("sees it by either name alone", () => {
    for (const event of ["\nevent: response.failed\ndata: x\n\n", 'data: {"type" : "response.incomplete"}\n\n']) {
      const watch = new EndWatch(terminalTypes.responses);
      watch.look(Buffer.from(event));
      expect(watch.seen).toBe(true);
    }
  });

  it.each(['data: {"delta":"event: response.completed"}\n\n', 'data: {"d":"\\"type\\":\\"response.completed\\""}\n\n'])(
    "sees none in the content of %j",
    (event) => {
      const watch = new EndWatch(terminalTypes.responses);
      watch.look(Buffer.from(event));
      expect(watch.seen).toBe(false);
    },
  );
});
