// The answer of a run, as it comes, and the way to its trace.
import { Link } from "@tanstack/react-router";
import { SquareTerminal } from "lucide-react";
import { useMemo } from "react";
import { formatDuration } from "../format/numbers.js";
import { Badge } from "../parts/badge.js";
import { Choice } from "../parts/choice.js";
import { Empty } from "../parts/states.js";
import { Conversation } from "../trace/conversation.js";
import { readChatAnswer } from "../trace/read-conversation.js";
import { useTextLook } from "../trace/text-look.js";
import type { Run } from "./run-request.js";

export function AnswerPanel({ run }: { readonly run: Run }) {
  const [look, setLook] = useTextLook();
  const answer = useMemo(() => readChatAnswer(run.text), [run.text]);
  if (run.state === "idle") {
    return (
      <section className="playground-answer" aria-label="Answer">
        <Empty title="Nothing sent yet" icon={<SquareTerminal size={26} />}>
          <p>The request goes through the gateway with this key, like any other, and leaves a trace.</p>
        </Empty>
      </section>
    );
  }
  return (
    <section className="playground-answer" aria-label="Answer" aria-busy={run.state === "running"}>
      <div className="row wrap">
        <Badge tone={run.state === "failed" ? "bad" : run.state === "done" ? "good" : "info"}>{run.state}</Badge>
        <span className="muted number">
          first byte {formatDuration(run.firstByteMs)} · {formatDuration(run.elapsedMs)}
        </span>
        {run.traceId === null || run.state === "running" ? null : (
          <Link to="/traces/$id" params={{ id: run.traceId }}>
            Open its trace
          </Link>
        )}
        <span className="spring" />
        <Choice
          label="How text is shown"
          value={look}
          onChoose={setLook}
          options={[
            { value: "text", label: "Text" },
            { value: "markdown", label: "Markdown" },
          ]}
        />
      </div>
      {run.fault === null && answer.error === null ? null : (
        <p className="notice" data-tone="bad" role="alert">
          {run.fault ?? answer.error}
        </p>
      )}
      <Conversation messages={answer.messages} look={look} isAnswer />
    </section>
  );
}
