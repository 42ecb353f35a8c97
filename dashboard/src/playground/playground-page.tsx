// Sends a request with the key of this browser and shows its answer as it comes. The result is a trace like any other.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { bodiesQuery, modelsQuery } from "../api/queries.js";
import { Failure, Waiting } from "../parts/states.js";
import { PageHead } from "../shell/page-head.js";
import { useView } from "../shell/view.js";
import { AnswerPanel } from "./answer-panel.js";
import { emptyDraft, type RequestDraft, readDraft, writeBody } from "./request-draft.js";
import { RequestForm } from "./request-form.js";
import { useRun } from "./run-request.js";
import "./playground.css";

export function PlaygroundPage() {
  const { search } = useView();
  const { replay } = search;
  const replayed = useQuery({ ...bodiesQuery(replay ?? ""), enabled: replay !== undefined });
  const text = replayed.data?.request?.text;
  const isWaiting = replay !== undefined && replayed.isPending;
  return (
    <>
      <PageHead title="Playground">
        {replay === undefined ? null : (
          <span className="muted cut">
            Replaying <code>{replay}</code>
          </span>
        )}
      </PageHead>
      {replayed.error === null ? null : <Failure error={replayed.error} />}
      {isWaiting ? <Waiting /> : null}
      {isWaiting ? null : (
        <Bench key={replay} first={text === undefined ? emptyDraft : readDraft(text)} replayOf={replay ?? null} />
      )}
    </>
  );
}

type BenchProps = { readonly first: RequestDraft; readonly replayOf: string | null };

function Bench({ first, replayOf }: BenchProps) {
  const models = useQuery(modelsQuery()).data?.data.map((model) => model.id) ?? [];
  const [written, setWritten] = useState(first);
  const { run, send, stop } = useRun();
  // Until a model was chosen, the first one of the tenant.
  const draft = written === emptyDraft ? { ...emptyDraft, model: models[0] ?? "" } : written;
  return (
    <div className="playground">
      <div className="playground-side">
        <RequestForm
          draft={draft}
          onDraft={setWritten}
          models={models}
          isRunning={run.state === "running"}
          onSend={() => void send(writeBody(draft), replayOf)}
          onStop={stop}
        />
      </div>
      <AnswerPanel run={run} />
    </div>
  );
}
