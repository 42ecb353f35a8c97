// Journeys of somebody new: from a key that was pasted to the first trace, its bodies, the live tail, the playground.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium } from "./support/find-chromium.js";
import { chat, openStand, type Stand } from "./support/stand.js";

describe.skipIf(findChromium() === null)("a new tenant", () => {
  let stand: Stand;
  let key: string;
  let bodiesKey: string;

  beforeAll(async () => {
    stand = await openStand();
    await stand.gateway.loom(["tenant", "create", "fresh"]);
    [key, bodiesKey] = await Promise.all([stand.makeKey("fresh"), stand.makeKey("fresh", "bodies:read")]);
  });
  afterAll(() => stand?.close());

  test("gets the files compressed, as the first visitor of a process too", async () => {
    const html = await (await fetch(`${stand.base}/`)).text();
    const scripts = [...html.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(([, path]) => path ?? "");
    expect(scripts.length).toBeGreaterThan(1);
    for (const path of scripts.slice(0, 2)) {
      const { headers } = await fetch(stand.gateway.url + path, { headers: { "accept-encoding": "gzip, br" } });
      expect([path, headers.get("content-encoding")]).toEqual([path, "br"]);
    }
  });

  test("is told what is wrong with a key, signs in, sends a first request and sees its trace", async () => {
    const { page, faults, close } = await stand.open();
    await page.goto(stand.base);
    await page.getByLabel("Client key").fill("sk-loom-nobody");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("The gateway does not know this key").waitFor();
    await page.getByLabel("Client key").fill(key);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Waiting for the first trace").waitFor();
    await page.getByRole("link", { name: "Traces" }).first().click();
    await page.getByRole("button", { name: "Send a demo request" }).click();
    await page.getByRole("grid").getByText("200 complete").first().waitFor();
    await page.getByRole("button", { name: "Forget this key" }).click();
    await page.getByRole("heading", { name: "Sign in to Loom" }).waitFor();
    expect(await page.evaluate("localStorage.getItem('loom.key')")).toBeNull();
    expect(faults).toEqual([]);
    await close();
  });

  test("keeps bodies sealed without the scope, and shows them, as text, with it", async () => {
    const hostile =
      'Hi <img src=x onerror="window.hacked=1"> ![a](https://example.test/pixel.png) [b](javascript:alert(1))';
    const body = { model: "mock/echo", messages: [{ role: "user", content: hostile }] };
    const id = await chat(stand, key, body);
    const { page, faults, close } = await stand.open({ key });
    await page.goto(`${stand.base}/traces/${id}?tab=messages`);
    await page.getByText("This key lacks the scope").waitFor();
    await page.evaluate(`localStorage.setItem("loom.key", ${JSON.stringify(bodiesKey)})`);
    await page.reload();
    await page.getByText("Decrypted for you").waitFor();
    expect(await page.locator(".said").first().textContent()).toBe(hostile);
    await page.getByRole("button", { name: "Markdown" }).click();
    await page.locator(".markdown").first().waitFor();
    expect(await page.locator(".markdown img, .markdown a[href^=javascript]").count()).toBe(0);
    expect(await page.evaluate("window.hacked")).toBeUndefined();
    expect(faults).toEqual([]);
    const { rows } = await stand.gateway.pool.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM loom.audit_events WHERE action = 'body.open'",
    );
    expect(rows[0]?.n).toBeGreaterThan(0);
    await close();
  });

  test("watches traces as they end, and is told of them while it looks elsewhere", async () => {
    await chat(stand, key, { model: "mock/echo", messages: [{ role: "user", content: "before" }] });
    const { page, faults, close } = await stand.open({ key });
    await page.goto(`${stand.base}/traces?live=1&q=model:mock/json`);
    await page.getByText("Live: finished requests appear").waitFor();
    const ids = [];
    for (const model of ["mock/json", "mock/echo"])
      ids.push(await chat(stand, key, { model, messages: [{ role: "user", content: "now" }] }));
    await page.locator(`a[href*="${ids[0]}"]`).waitFor();
    expect(await page.locator(`a[href*="${ids[1]}"]`).count()).toBe(0);
    await page.locator(`a[href*="${ids[0]}"]`).click();
    await page.getByRole("region", { name: "Trace" }).getByText("Loom's own share is").waitFor();
    await chat(stand, key, { model: "mock/json", messages: [{ role: "user", content: "held" }] });
    await page.getByRole("button", { name: "1 new, show" }).waitFor();
    await page.keyboard.press(".");
    await page.getByRole("button", { name: "1 new, show" }).waitFor({ state: "detached" });
    expect(faults).toEqual([]);
    await close();
  });

  test("replays a request in the playground, as a stream, and opens the trace of it", async () => {
    const first = await chat(stand, bodiesKey, {
      model: "mock/echo",
      messages: [{ role: "user", content: "once more" }],
    });
    const { page, faults, close } = await stand.open({ key: bodiesKey });
    await page.goto(`${stand.base}/traces/${first}`);
    await page.getByRole("link", { name: "Replay" }).click();
    await page.getByLabel("Text of message 1").waitFor();
    expect(await page.getByLabel("Text of message 1").inputValue()).toBe("once more");
    await page.getByLabel("Stream").check();
    await page.getByRole("button", { name: "Send" }).click();
    // The record may be later than the reader: the first question meets what a missing trace is answered with.
    const missing = `${new URL(stand.base).origin}/v1/traces/${first.slice(0, -4)}ffff`;
    await page.route(/\/v1\/traces\/[0-9a-f-]{36}$/, (route) => route.continue({ url: missing }), { times: 1 });
    await page.getByRole("link", { name: "Open its trace" }).click();
    await page.getByText("200 complete").waitFor();
    await page.getByRole("tab", { name: "Stream" }).click();
    await page.getByText("[DONE]").waitFor();
    await page.locator(".arrival path").waitFor();
    const moments = await page.locator(".stream-list tbody td:nth-child(2)").allTextContents();
    expect(moments.length).toBeGreaterThan(1);
    for (const moment of moments) expect(moment).toMatch(/^(about )?[\d.]+ m?s$/);
    await page.getByRole("tab", { name: "Timing" }).click();
    await page.getByRole("rowheader", { name: "Read, route, admit" }).waitFor();
    await page.getByRole("rowheader", { name: "mock · echo to the first byte" }).waitFor();
    await page.getByRole("tab", { name: "Record" }).click();
    await page.getByText("Mozilla/5.0").waitFor();
    expect(faults).toEqual([]);
    await close();
  });
});
