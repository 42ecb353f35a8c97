// Small bodies for seeded traces, in the shape of chat completions, so that a reader has something to open.
import type { SeedRow } from "./make-row.js";
import type { SeededRandom } from "./random.js";

const questions = [
  "Summarise the attached meeting notes in three bullet points.",
  "Write a polite reply that declines the offer.",
  "Which of these two contracts ends earlier, and when?",
  "Translate the paragraph to Portuguese, keep the tone.",
  "Find the mistake in this SQL query and explain it.",
];
const answers = [
  "- The launch moves to May.\n- Two people join.\n- The budget stays as it is.",
  "Thank you for thinking of us. We cannot take this on at the moment.",
  "The second one: it ends on 31 March, four months before the first.",
  "O projeto avança bem e a equipa está satisfeita com o resultado.",
  "The join has no condition, so every row meets every other. Add `ON a.id = b.a_id`.",
];

/** A request and the answer that goes with the row. */
export function makeBodies(row: SeedRow, random: SeededRandom): { request: Buffer; response: Buffer } {
  const at = random.below(questions.length);
  const request = { model: row.model, stream: row.streamed, messages: [{ role: "user", content: questions[at] }] };
  return { request: Buffer.from(JSON.stringify(request)), response: Buffer.from(makeAnswer(row, answers[at] ?? "")) };
}

function makeAnswer(row: SeedRow, content: string): string {
  if (row.outcome === "refused" || row.outcome === "error") {
    return JSON.stringify({ error: { message: "This one failed.", type: "server_error", code: row.errorCode } });
  }
  const head = { id: `chatcmpl-${row.spanId}`, created: Math.floor(row.createdAtMs / 1000), model: row.responseModel };
  const usage = {
    prompt_tokens: row.promptTokens,
    completion_tokens: row.completionTokens,
    total_tokens: row.totalTokens,
  };
  if (row.streamed) {
    const chunk = (choice: object) =>
      `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: [{ index: 0, ...choice }] })}\n\n`;
    const first = chunk({ delta: { role: "assistant", content }, finish_reason: null });
    return row.outcome === "complete"
      ? `${first}${chunk({ delta: {}, finish_reason: row.finishReason })}data: [DONE]\n\n`
      : first;
  }
  const choices = [{ index: 0, message: { role: "assistant", content }, finish_reason: row.finishReason }];
  return JSON.stringify({ ...head, object: "chat.completion", choices, usage });
}
