// How an answer is passed on, as far as its head tells.
import { headerText } from "./response-headers.js";

/** `plain`: sent whole. `events`: an event stream. `opaque`: passed on as it comes, such as a compressed stream. */
export type AnswerForm = "plain" | "events" | "opaque";

/** A compressed stream has no events that could be told apart. */
export function answerForm(
  status: number,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): AnswerForm {
  const contentType = headerText(headers, "content-type") ?? "";
  if (status >= 300 || !contentType.toLowerCase().startsWith("text/event-stream")) return "plain";
  const encoding = headerText(headers, "content-encoding") ?? "identity";
  return encoding.toLowerCase() === "identity" ? "events" : "opaque";
}
