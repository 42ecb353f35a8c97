// Sends a request with the key of this browser and shows its answer as it comes. The result is a trace like any other.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { bodiesQuery, modelsQuery } from "../api/queries.js";
import { Failure } from "../parts/states.js";
import { PageHead } from "../shell/page-head.js";
import { useView } from "../shell/view.js";
import { AnswerPanel } from "./answer-panel.js";
import { emptyDraft, type RequestDraft, readDraft, writeBody } from "./request-draft.js";
import { RequestForm } from "./request-form.js";
import { useRun } from "./run-request.js";
import "../trace/trace.css";
import "./playground.css";

export function PlaygroundPage() {
  const { search } = useView();
  const models = useQuery(modelsQuery());
  const [draft, setDraft] = useState<RequestDraft>(emptyDraft);
  const replayed = useQuery({ ...bodiesQuery(search.replay ?? ""), enabled: search.replay !== undefined });
  const { run, send, stop } = useRun();
  const firstModel = models.data?.data[0]?.id;
  const replayedText = replayed.data?.request?.text;
  useEffect(() => {
    if (replayedText !== undefined) setDraft(readDraft(replayedText));
  }, [replayedText]);
  useEffect(() => {
    if (firstModel === undefined || search.replay !== undefined) return;
    setDraft((before) => (before.model === "" ? { ...before, model: firstModel } : before));
  }, [firstModel, search.replay]);
  return (
    <>
      <PageHead title="Playground">
        {search.replay === undefined ? null : (
          <span className="muted cut">
            Replaying <code>{search.replay}</code>
          </span>
        )}
      </PageHead>
      <div className="playground">
        <div className="playground-side">
          {replayed.error === null ? null : <Failure error={replayed.error} />}
          <RequestForm
            draft={draft}
            onDraft={setDraft}
            models={models.data?.data.map((model) => model.id) ?? []}
            isRunning={run.state === "running"}
            onSend={() => void send(writeBody(draft), search.replay ?? null)}
            onStop={stop}
          />
        </div>
        <AnswerPanel run={run} />
      </div>
    </>
  );
}
