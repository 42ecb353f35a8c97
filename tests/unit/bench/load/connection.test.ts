import { expect, test } from "vitest";
import { formRequest, joinRequest } from "../../../../bench/load/connection.js";

test("a request is one piece with its key, its length in bytes and further headers", () => {
  const form = formRequest("http://127.0.0.1:81/v1/chat?x=1", "ü", { "x-a": "b" });
  expect(form).toMatchObject({ host: "127.0.0.1", port: 81 });
  expect(joinRequest(form, "sk-1").toString()).toBe(
    "POST /v1/chat?x=1 HTTP/1.1\r\nhost: 127.0.0.1:81\r\ncontent-type: application/json\r\ncontent-length: 2\r\n" +
      "x-a: b\r\nauthorization: Bearer sk-1\r\n\r\nü",
  );
  expect(() => formRequest("https://127.0.0.1/", "")).toThrow("is not http");
});
