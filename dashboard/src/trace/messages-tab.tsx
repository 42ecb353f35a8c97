// The conversation of a trace: what was asked, with tools and parameters, and what came back.
import { useMemo } from "react";
import type { TraceBodies, TraceDetail } from "../api/schema.js";
import { Choice } from "../parts/choice.js";
import { Conversation } from "./conversation.js";
import { OpenBodies } from "./open-bodies.js";
import { readChatAnswer, readChatRequest } from "./read-conversation.js";
import { useTextLook } from "./text-look.js";
import "./messages-tab.css";

export function MessagesTab({ trace }: { readonly trace: TraceDetail }) {
  return (
    <div className="tab-body stack">
      <OpenBodies trace={trace}>{(bodies) => <BodiesAsConversation bodies={bodies} />}</OpenBodies>
    </div>
  );
}

function BodiesAsConversation({ bodies }: { readonly bodies: TraceBodies }) {
  const request = useMemo(() => readChatRequest(bodies.request?.text ?? ""), [bodies]);
  const answer = useMemo(() => readChatAnswer(bodies.response?.text ?? ""), [bodies]);
  const [look, setLook] = useTextLook();
  const parameters = Object.entries(request?.parameters ?? {});
  return (
    <>
      <div className="row wrap">
        {parameters.map(([name, value]) => (
          <span key={name} className="parameter">
            <span className="faint">{name}</span> <code className="cut">{JSON.stringify(value)}</code>
          </span>
        ))}
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
      {request !== null && request.tools.length > 0 ? (
        <p className="muted">
          Tools on offer: <code>{request.tools.join(", ")}</code>
        </p>
      ) : null}
      {request === null && bodies.request !== null ? (
        <p className="notice">The request is no JSON; Raw shows it.</p>
      ) : null}
      <Conversation messages={request?.messages ?? []} look={look} />
      {answer.error === null ? null : (
        <p className="notice" data-tone="bad">
          {answer.error}
        </p>
      )}
      <Conversation messages={answer.messages} look={look} isAnswer asked={request?.messages ?? []} />
    </>
  );
}
