import { expect, test } from "vitest";
import { imageBody, largeBody, plainBody } from "../../../../bench/load/bodies.js";

test("bodies have about the size that they are called by", () => {
  expect(plainBody().length).toBeGreaterThan(900);
  expect(plainBody().length).toBeLessThan(1200);
  for (const bytes of [1000, 10_000, 1_000_000]) {
    expect(largeBody(bytes).length).toBeGreaterThan(bytes);
    expect(largeBody(bytes).length).toBeLessThan(bytes + 200);
  }
  expect(imageBody(2, 300_000).length).toBeGreaterThan(800_000);
});

test("images are noise, the same in every run", () => {
  expect(imageBody(2, 1000)).toBe(imageBody(2, 1000));
  const urls = JSON.parse(imageBody(2, 3000)).messages[0].content.flatMap(
    (part: { image_url?: { url: string } }) => part.image_url?.url ?? [],
  );
  expect(urls).toHaveLength(2);
  expect(urls[0]).not.toBe(urls[1]);
  const bytes = Buffer.from(urls[0].split(",")[1], "base64");
  expect(new Set(bytes).size).toBeGreaterThan(200);
});
