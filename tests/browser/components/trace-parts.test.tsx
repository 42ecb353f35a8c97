// The parts of a trace in a real browser: layout, focus and scrolling are what they are for.
import { describe, expect, test } from "vitest";
import { render } from "vitest-browser-react";
import { ArrivalChart } from "../../../dashboard/src/trace/arrival-chart.js";
import { Conversation } from "../../../dashboard/src/trace/conversation.js";
import { CostTab } from "../../../dashboard/src/trace/cost-tab.js";
import { HeadersTab } from "../../../dashboard/src/trace/headers-tab.js";
import { JsonView } from "../../../dashboard/src/trace/json-view.js";
import { Markdown } from "../../../dashboard/src/trace/markdown.js";
import { readMessage } from "../../../dashboard/src/trace/read-conversation.js";
import { Waterfall } from "../../../dashboard/src/trace/waterfall.js";
import "../../../dashboard/src/styles/tokens.css";
import "../../../dashboard/src/styles/base.css";
import "../../../dashboard/src/parts/button.css";
import "../../../dashboard/src/parts/tabs.css";
import "../../../dashboard/src/styles/list.css";
import { traceDetail } from "./trace-detail.js";

describe("the waterfall", () => {
  test("shows Loom's phases and each try in order, on one axis", async () => {
    const screen = await render(<Waterfall trace={traceDetail} />);
    const names = [...screen.container.querySelectorAll("tbody th")].map((cell) => cell.textContent);
    expect(names).toEqual([
      "AuthenticateLoom",
      "Read, route, admitLoom",
      "Keep the record's beginLoom",
      "groq · llama429 rate_limit_exceeded",
      "Choose the next targetLoom",
      "openai · gpt-4oto the first byte",
      "openai · gpt-4ostream",
      "Record, then end the answerLoom",
    ]);
    const bars = [...screen.container.querySelectorAll(".waterfall-bar")].map((bar) => bar.getBoundingClientRect());
    for (const [at, bar] of bars.entries()) expect(bar.left).toBeGreaterThanOrEqual(bars[at - 1]?.left ?? 0);
  });

  test("says so where the times of the tries were not kept", async () => {
    const screen = await render(<Waterfall trace={{ ...traceDetail, attemptList: null, phases: null }} />);
    await expect.element(screen.getByText("Loom, in all")).toBeVisible();
    await expect.element(screen.getByText("2 tries", { exact: true })).toBeVisible();
  });
});

describe("the headers", () => {
  test("stand under who sent them", async () => {
    const screen = await render(<HeadersTab trace={traceDetail} />);
    const request = screen.getByRole("table", { name: "Of the request" });
    await expect.element(request.getByRole("row", { name: "accept application/json" })).toBeVisible();
    const answer = screen.getByRole("table", { name: "Of the provider's answer" });
    await expect.element(answer.getByRole("row", { name: "x-ratelimit-remaining-requests 9999" })).toBeVisible();
  });

  test("are said not to be recorded in a row from before, and to be none where there were none", async () => {
    const screen = await render(<HeadersTab trace={{ ...traceDetail, requestHeaders: null, answerHeaders: null }} />);
    expect(screen.getByText("Not recorded.").elements()).toHaveLength(2);
    await screen.rerender(<HeadersTab trace={{ ...traceDetail, requestHeaders: [], answerHeaders: null }} />);
    await expect.element(screen.getByText("None of those that are recorded were sent.")).toBeVisible();
    await expect.element(screen.getByText("No provider answered.")).toBeVisible();
  });
});

describe("the pace of a stream", () => {
  const end = { ms: 1999.6, bytes: 4000 };

  test("is a line of bytes over time, with the largest gap named and marked where it is", async () => {
    const times = traceDetail.streamTimes;
    if (times === null) throw new Error("the trace of the tests has no moments");
    const screen = await render(<ArrivalChart times={times} end={end} />);
    await expect.element(screen.getByText("Largest gap 700 ms, from 1.20 s to 1.90 s, after 2.0 kB")).toBeVisible();
    const gap = screen.container.querySelector(".arrival-gap")?.getBoundingClientRect();
    const whole = screen.container.querySelector("svg")?.getBoundingClientRect();
    expect((gap?.width ?? 0) / (whole?.width ?? 1)).toBeCloseTo(700 / 899.6, 1);
    await screen.rerender(<ArrivalChart times={{ ...times, every: 4 }} end={end} />);
    await expect.element(screen.getByText(/one chunk in 4 was timed/)).toBeVisible();
  });

  test("of a single chunk has no gap", async () => {
    const screen = await render(<ArrivalChart times={{ every: 1, ms: [5], bytes: [4000] }} end={end} />);
    expect(screen.container.querySelector(".arrival-gap")).toBeNull();
  });
});

describe("the cost", () => {
  test("is a sum of lines; unpriced is not free", async () => {
    const screen = await render(<CostTab trace={traceDetail} />);
    await expect.element(screen.getByText("$0.00075")).toBeVisible();
    await screen.rerender(<CostTab trace={{ ...traceDetail, costLines: null, estimatedCostUSD: null }} />);
    await expect.element(screen.getByText(/counts as unpriced, not as free/)).toBeVisible();
  });
});

describe("hostile text", () => {
  const hostile = [
    "<img src=x onerror=alert(1)>",
    "![pixel](https://example.test/p.png)",
    "[click](javascript:alert(1)) [data](data:text/html,x) [good](https://example.test/)",
    "<script>alert(1)</script>",
    "| a |\n|---|\n| <b>b</b> |",
    '<a href="https://example.test" style="position:fixed">x</a>',
  ].join("\n\n");

  test("as Markdown makes elements of a fixed list only", async () => {
    const { container } = await render(<Markdown text={hostile} />);
    expect(container.querySelectorAll("img, script, b, iframe, style, [style], [onerror]")).toHaveLength(0);
    const links = [...container.querySelectorAll("a")].map((link) => [link.getAttribute("href"), link.rel]);
    expect(links).toEqual([["https://example.test/", "noopener noreferrer nofollow"]]);
    expect(container.textContent).toContain("<script>alert(1)</script>");
  });

  test("in a conversation is text, and only images that came along are shown", async () => {
    const pixel =
      "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg==";
    const url = (address: string) => ({ type: "image_url", image_url: { url: address } });
    const addresses = [
      pixel,
      "https://example.test/p.png",
      "data:image/svg+xml;base64,PHN2Zy8+",
      "javascript:alert(1)",
    ];
    const content = [{ type: "text", text: hostile }, ...addresses.map(url)];
    const { container } = await render(
      <Conversation messages={[readMessage({ role: "user", content })]} look="text" />,
    );
    expect([...container.querySelectorAll("img")].map((image) => image.src)).toEqual([pixel]);
    expect(container.querySelector(".said")?.textContent).toBe(hostile);
    expect([...container.querySelectorAll("a")].map((link) => link.href)).toEqual(["https://example.test/p.png"]);
  });

  test("that is long is cut, says so, and is whole on demand", async () => {
    const text = "a".repeat(50_000);
    const screen = await render(<Conversation messages={[readMessage({ role: "user", content: text })]} look="text" />);
    expect(screen.container.querySelector(".said")?.textContent).toHaveLength(20_000);
    await screen.getByRole("button", { name: /show all/ }).click();
    expect(screen.container.querySelector(".said")?.textContent).toHaveLength(50_000);
  });
});

describe("JSON", () => {
  test("of many values is in the page only where it is in sight, folds, and is searched", async () => {
    const rows = Array.from({ length: 3000 }, (_, n) => ({ n, name: `row ${n}` }));
    const screen = await render(<JsonView text={JSON.stringify({ rows })} name="request" />);
    await expect.element(screen.getByText("12,004 lines")).toBeVisible();
    expect(screen.container.querySelectorAll(".json-line").length).toBeLessThan(120);
    await screen.getByRole("searchbox").fill("row 2999");
    await expect.element(screen.getByText("1 found")).toBeVisible();
    await expect.element(screen.getByText('"row 2999"')).toBeVisible();
    await screen.getByRole("searchbox").fill("");
    screen.container.querySelector(".json-scroller")?.scrollTo(0, 0);
    await screen.getByRole("button", { name: "Fold rows" }).click();
    await expect.poll(() => screen.container.querySelectorAll(".json-line").length).toBe(3);
  });

  test("that is large is laid out in a worker, and says what it leaves out", async () => {
    const screen = await render(<JsonView text={JSON.stringify({ a: "x".repeat(2_100_000) })} name="answer" />);
    await expect.element(screen.getByText(/Showing the first 66 kB of 2.1 MB/)).toBeVisible();
  });
});
