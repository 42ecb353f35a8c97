import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Exchange, HeaderList } from "../../../../src/listen/exchange.js";
import { makeOpenApi } from "../../../../src/query/openapi.js";
import { DashboardFiles } from "../../../../src/serve/dashboard-files.js";
import { makeReferencePage } from "../../../../src/serve/reference-page.js";

type Sent = { status: number; headers: Map<string, string>; body: Buffer };

function get(files: DashboardFiles, path: string, headers: Record<string, string> = {}): Sent {
  const sent: Sent[] = [];
  const reply = {
    send: (status: number, list: HeaderList, body: Uint8Array | string) =>
      sent.push({ status, headers: new Map(list), body: Buffer.from(body as string) }),
  };
  files.serve({ path, headers: new Map(Object.entries(headers)), reply } as unknown as Exchange);
  return sent[0] as Sent;
}

describe("the dashboard's files", () => {
  let folder = "";
  const script = "console.log('loom');".repeat(200);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "loom-files-"));
    mkdirSync(join(folder, "assets"));
    writeFileSync(join(folder, "index.html"), "<!doctype html><title>Loom</title>");
    writeFileSync(join(folder, "assets", "app-abc.js"), script);
    writeFileSync(join(folder, "assets", "app-abc.js.map"), "{}");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("come with a policy that lets a page run nothing else", () => {
    const page = get(new DashboardFiles(folder), "/dashboard/");
    expect(page.status).toBe(200);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(policy).not.toMatch(/https?:/);
  });

  test("are one page for every path that is no file", () => {
    const files = new DashboardFiles(folder);
    expect(get(files, "/dashboard").headers.get("location")).toBe("/dashboard/");
    expect(get(files, "/dashboard/traces/0190").body.toString()).toContain("<title>Loom");
    expect(get(files, "/dashboard/assets/gone.js").status).toBe(404);
    expect(get(files, "/dashboard/assets/app-abc.js.map").status).toBe(404);
  });

  test("are kept by a browser as long as their name stays", () => {
    const files = new DashboardFiles(folder);
    expect(get(files, "/dashboard/assets/app-abc.js").headers.get("cache-control")).toContain("immutable");
    const page = get(files, "/dashboard/");
    expect(page.headers.get("cache-control")).toBe("no-cache");
    expect(get(files, "/dashboard/", { "if-none-match": page.headers.get("etag") ?? "" }).status).toBe(304);
  });

  test("are compressed once, for those who take it", async () => {
    const files = new DashboardFiles(folder);
    const path = "/dashboard/assets/app-abc.js";
    get(files, path);
    await vi.waitFor(() => {
      const sent = get(files, path, { "accept-encoding": "gzip, br" });
      expect(sent.headers.get("content-encoding")).toBe("br");
      expect(brotliDecompressSync(sent.body).toString()).toBe(script);
    });
    expect(get(files, path, { "accept-encoding": "br;q=0, gzip" }).headers.get("content-encoding")).toBe("gzip");
    expect(get(files, path).headers.has("content-encoding")).toBe(false);
  });

  test("are missed in plain words where nobody built them", () => {
    const page = get(new DashboardFiles(join(folder, "nowhere")), "/dashboard/");
    expect([page.status, page.body.toString()]).toEqual([404, expect.stringContaining("not built")]);
  });
});

test("the reference page shows every operation and runs no script", () => {
  const { body, headers } = makeReferencePage(makeOpenApi("1.2.3"));
  for (const path of ["/v1/traces", "/v1/analytics/summary", "/v1/me"]) expect(body).toContain(`GET ${path}`);
  expect(body).not.toContain("<script");
  expect(new Map(headers).get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
});
