// Files, uploads and batches, and an echo for whatever else there is below /v1. Nothing is remembered; what was sent
// can be told from the answer: names, sizes, ids.

import type { AnswerPlan } from "./answer-plan.js";
import { type ApiRequest, planBytes, planJson } from "./api-request.js";
import { createdSeconds } from "./completion-body.js";

function file(id: string, filename: string, bytes: number, purpose: unknown): Record<string, unknown> {
  return {
    id,
    object: "file",
    bytes,
    created_at: createdSeconds,
    expires_at: null,
    filename,
    purpose: typeof purpose === "string" ? purpose : "batch",
    status: "processed",
    status_details: null,
  };
}

function list(data: readonly Record<string, unknown>[]): Record<string, unknown> {
  return {
    object: "list",
    data,
    first_id: data[0]?.["id"] ?? null,
    last_id: data.at(-1)?.["id"] ?? null,
    has_more: false,
  };
}

const content = Buffer.from('{"custom_id":"1"}\n\u00e9\u0000\n', "latin1");

export function planFiles(request: ApiRequest): AnswerPlan | null {
  const { method, path, fields, files, query } = request;
  const [, id, sub] = path;
  if (id === undefined) {
    if (method === "GET") {
      const rows = [1, 2, 3].map((at) => file(`file-mock${at}`, `${at}.jsonl`, 10, query.get("purpose")));
      return planJson(request, list(rows.slice(0, Number(query.get("limit") ?? 3))));
    }
    const [sent] = files;
    if (method !== "POST" || sent === undefined) return null;
    return planJson(request, file("file-new", sent.filename, sent.bytes.length, fields["purpose"]));
  }
  if (sub === "content") return planBytes(request, content, "application/octet-stream");
  if (method === "DELETE") return planJson(request, { id, object: "file", deleted: true });
  return method === "GET" ? planJson(request, file(id, "mock.jsonl", content.length, "batch")) : null;
}

function upload(id: string, fields: ApiRequest["fields"], status: string): Record<string, unknown> {
  return {
    id,
    object: "upload",
    bytes: fields["bytes"] ?? 0,
    created_at: createdSeconds,
    expires_at: createdSeconds + 3600,
    filename: fields["filename"] ?? "mock.bin",
    purpose: fields["purpose"] ?? "batch",
    status,
    file: status === "completed" ? file("file-new", "mock.bin", 0, fields["purpose"]) : null,
  };
}

export function planUploads(request: ApiRequest): AnswerPlan | null {
  const { method, path, fields, files } = request;
  const [, id, sub] = path;
  if (method !== "POST") return null;
  if (id === undefined) return planJson(request, upload("upload_mock", fields, "pending"));
  if (sub === "parts") {
    const bytes = files[0]?.bytes.length ?? 0;
    return planJson(request, { id: `part_${bytes}`, object: "upload.part", created_at: createdSeconds, upload_id: id });
  }
  if (sub === "complete") return planJson(request, upload(id, fields, "completed"));
  return sub === "cancel" ? planJson(request, upload(id, fields, "cancelled")) : null;
}

function batch(id: string, fields: ApiRequest["fields"], status: string): Record<string, unknown> {
  return {
    id,
    object: "batch",
    endpoint: fields["endpoint"] ?? "/v1/chat/completions",
    errors: null,
    input_file_id: fields["input_file_id"] ?? "file-mock1",
    completion_window: fields["completion_window"] ?? "24h",
    status,
    created_at: createdSeconds,
    request_counts: { total: 1, completed: 0, failed: 0 },
    metadata: fields["metadata"] ?? null,
  };
}

export function planBatches(request: ApiRequest): AnswerPlan | null {
  const { method, path, fields } = request;
  const [, id, sub] = path;
  if (id === undefined) {
    if (method === "GET") return planJson(request, list([batch("batch_1", fields, "completed")]));
    return method === "POST" ? planJson(request, batch("batch_new", fields, "validating")) : null;
  }
  if (method === "POST" && sub === "cancel") return planJson(request, batch(id, fields, "cancelling"));
  return method === "GET" ? planJson(request, batch(id, fields, "completed")) : null;
}

/** What was asked, for operations that the mock has no answer of its own for. */
export function planEcho(request: ApiRequest): AnswerPlan {
  const { method, path, query, fields, files } = request;
  return planJson(request, {
    id: path.at(-1) ?? "",
    object: "mock.echo",
    method,
    path,
    query: Object.fromEntries(query),
    fields,
    files: files.map(({ field, filename, bytes }) => ({ field, filename, bytes: bytes.length })),
  });
}
