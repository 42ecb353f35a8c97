// The model list of the mock provider: its behaviours, and one ordinary name that gets the canned answer.
import type { AnswerPlan } from "./answer-plan.js";
import { behaviourNames, listedErrorNames, stripPrefix } from "./behaviours.js";
import { createdSeconds } from "./completion-body.js";
import type { ApiShape } from "./endpoint.js";
import { planError } from "./error-answers.js";
import { answerHeaders } from "./response-headers.js";

const models = ["gpt-4o-mini", ...behaviourNames, ...listedErrorNames].map((id) => ({
  id,
  object: "model",
  created: createdSeconds,
  owned_by: "loom-mock",
}));

const listBody = Buffer.from(JSON.stringify({ object: "list", data: models }));

export function planModelList(shape: ApiShape): AnswerPlan {
  return { kind: "whole", delayMs: 0, status: 200, headers: answerHeaders(shape, "json"), body: listBody };
}

/** One model; 404 with `model_not_found` for a name that is not listed. */
export function planModel(shape: ApiShape, id: string): AnswerPlan {
  const found = models.find((model) => model.id === stripPrefix(id));
  if (found === undefined) {
    const message = `The model '${id}' does not exist`;
    return planError(shape, 404, { message, param: "model" });
  }
  const body = Buffer.from(JSON.stringify(found));
  return { kind: "whole", delayMs: 0, status: 200, headers: answerHeaders(shape, "json"), body };
}
