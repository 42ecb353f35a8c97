// Images and sound: base64 in JSON or in events, forms in, bytes out.

import type { AnswerPlan } from "./answer-plan.js";
import { type ApiRequest, planBytes, planEvents, planJson } from "./api-request.js";
import { createdSeconds } from "./completion-body.js";

/** A PNG of one pixel. */
const picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const imageUsage = {
  input_tokens: 50,
  input_tokens_details: { text_tokens: 10, image_tokens: 40 },
  output_tokens: 100,
  total_tokens: 150,
};
const imageTraits = { background: "opaque", output_format: "png", quality: "low", size: "1024x1024" };

export function planImages(request: ApiRequest): AnswerPlan | null {
  const { fields, path } = request;
  const kind = path[1];
  if (!["generations", "edits", "variations"].includes(kind ?? "")) return null;
  if (fields["stream"] === true || fields["stream"] === "true") {
    const type = kind === "edits" ? "image_edit" : "image_generation";
    const traits = { created_at: createdSeconds, ...imageTraits };
    const events = [
      { type: `${type}.partial_image`, b64_json: picture, partial_image_index: 0, ...traits },
      { type: `${type}.completed`, b64_json: picture, ...traits, usage: imageUsage },
    ];
    return planEvents(request, events, { named: true, done: false });
  }
  const count = Math.max(1, Number(fields["n"] ?? 1));
  const data = Array.from({ length: count }, () => ({ b64_json: picture }));
  return planJson(request, { created: createdSeconds, ...imageTraits, data, usage: imageUsage });
}

const words = ["Hello", " from", " the", " mock."];
const transcript = words.join("");
const tokens = {
  type: "tokens",
  input_tokens: 14,
  input_token_details: { text_tokens: 4, audio_tokens: 10 },
  output_tokens: 5,
  total_tokens: 19,
};

function planTranscript(request: ApiRequest): AnswerPlan {
  const { fields, model } = request;
  if (fields["stream"] === "true") {
    const events = words.map((delta) => ({ type: "transcript.text.delta", delta }));
    const done = { type: "transcript.text.done", text: transcript, usage: tokens };
    return planEvents(request, [...events, done], { named: false, done: false });
  }
  const byTime = model.includes("whisper");
  const usage = byTime ? { type: "duration", seconds: 3 } : tokens;
  switch (fields["response_format"]) {
    case "text":
      return planBytes(request, Buffer.from(`${transcript}\n`), "text/plain; charset=utf-8");
    case "srt":
      return planBytes(request, Buffer.from(`1\n00:00:00,000 --> 00:00:03,000\n${transcript}\n\n`), "text/plain");
    case "vtt":
      return planBytes(request, Buffer.from(`WEBVTT\n\n00:00.000 --> 00:03.000\n${transcript}\n`), "text/vtt");
    case "verbose_json": {
      const segments = [{ id: 0, seek: 0, start: 0, end: 3, text: transcript, tokens: [1], temperature: 0 }];
      return planJson(request, {
        task: "transcribe",
        language: "english",
        duration: 3,
        text: transcript,
        segments,
        usage,
      });
    }
    default:
      return planJson(request, { text: transcript, usage });
  }
}

/** Every byte value, so that nothing that takes it for text gets through a comparison. */
function sound(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 7 + (at >> 8)) & 0xff;
  return bytes;
}

const soundTypes: Readonly<Record<string, string>> = {
  mp3: "audio/mpeg",
  opus: "audio/opus",
  aac: "audio/aac",
  flac: "audio/flac",
  wav: "audio/wav",
  pcm: "audio/pcm",
};

function planSpeech(request: ApiRequest): AnswerPlan {
  const { fields, options } = request;
  const bytes = sound(options.bytes ?? 20_000);
  if (fields["stream_format"] === "sse") {
    const half = Math.ceil(bytes.length / 2);
    const events = [bytes.subarray(0, half), bytes.subarray(half)].map((piece) => ({
      type: "speech.audio.delta",
      audio: piece.toString("base64"),
    }));
    const usage = { input_tokens: 14, output_tokens: 101, total_tokens: 115 };
    return planEvents(request, [...events, { type: "speech.audio.done", usage }], { named: false, done: false });
  }
  const format = typeof fields["response_format"] === "string" ? fields["response_format"] : "mp3";
  const plan = planBytes(request, bytes, soundTypes[format] ?? "audio/mpeg");
  if (plan.kind !== "whole") return plan;
  // The provider sends sound while it makes it.
  const steps = [0, 1, 2, 3].map((part) => {
    const quarter = Math.ceil(bytes.length / 4);
    return { kind: "write", bytes: bytes.subarray(part * quarter, (part + 1) * quarter) } as const;
  });
  const { delayMs, status, headers } = plan;
  return { kind: "steps", delayMs, status, headers, framing: "chunked", steps };
}

export function planAudio(request: ApiRequest): AnswerPlan | null {
  switch (request.path[1]) {
    case "speech":
      return planSpeech(request);
    case "transcriptions":
    case "translations":
      return planTranscript(request);
    default:
      return null;
  }
}
