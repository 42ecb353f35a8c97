// One session as its turns, oldest first. A turn shows what was said when it is opened, since that is recorded.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowLeft, ChevronDown, ChevronRight } from "lucide-react";
import { useMemo, useState } from "react";
import { type Scope, traceQuery, tracesQuery } from "../api/queries.js";
import type { Trace, TraceBodies } from "../api/schema.js";
import { makeTerm } from "../filter/filter-language.js";
import { formatCost, formatCount, formatDuration } from "../format/numbers.js";
import { formatTime } from "../format/times.js";
import { Button } from "../parts/button.js";
import { Choice } from "../parts/choice.js";
import { Failure, Waiting } from "../parts/states.js";
import { useZone } from "../shell/clock.js";
import { PageHead } from "../shell/page-head.js";
import { readSearch, useView } from "../shell/view.js";
import { Conversation } from "../trace/conversation.js";
import { OpenBodies } from "../trace/open-bodies.js";
import { readChatAnswer, readChatRequest } from "../trace/read-conversation.js";
import { type TextLook, useTextLook } from "../trace/text-look.js";
import { StatusBadge } from "../traces/outcome.js";

export function SessionView({ id, scope }: { readonly id: string; readonly scope: Scope }) {
  const { search } = useView();
  const [look, setLook] = useTextLook();
  const ofSession = useMemo(() => ({ range: scope.range, q: makeTerm("session", id) }), [scope.range, id]);
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(tracesQuery(ofSession));
  const turns = (data?.pages.flatMap((page) => page.data) ?? []).toReversed();
  return (
    <>
      <PageHead title="Session">
        <code className="faint cut">{id}</code>
        <Choice
          label="How text is shown"
          value={look}
          onChoose={setLook}
          options={[
            { value: "text", label: "Text" },
            { value: "markdown", label: "Markdown" },
          ]}
        />
        <Link to="/sessions" search={readSearch({ ...search, session: undefined })} className="button">
          <ArrowLeft size={14} />
          All sessions
        </Link>
      </PageHead>
      <div className="page-body">
        {data === undefined && error === null ? <Waiting /> : null}
        {error === null ? null : <Failure error={error} />}
        {hasNextPage ? (
          <p className="sessions-more">
            <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Earlier turns
            </Button>
          </p>
        ) : null}
        <ol className="turns">
          {turns.map((turn, index) => (
            <Turn key={turn.id} turn={turn} look={look} opensAtOnce={index === turns.length - 1} />
          ))}
        </ol>
      </div>
    </>
  );
}

type TurnProps = { readonly turn: Trace; readonly look: TextLook; readonly opensAtOnce: boolean };

function Turn({ turn, look, opensAtOnce }: TurnProps) {
  const [isOpen, setIsOpen] = useState(opensAtOnce);
  const [zone] = useZone();
  return (
    <li className="card">
      <div className="card-head turn-head">
        <Button
          kind="plain"
          small
          aria-expanded={isOpen}
          label={isOpen ? "Fold the turn" : "Open the turn"}
          onClick={() => setIsOpen(!isOpen)}
        >
          {isOpen ? <ChevronDown size={14} /> : <ChevronRight size={14} />}
        </Button>
        <Link to="/traces/$id" params={{ id: turn.id }}>
          {formatTime(Date.parse(turn.createdAt), zone)}
        </Link>
        <StatusBadge trace={turn} />
        <span>{turn.model}</span>
        <span className="spring" />
        <span className="muted number">
          {formatCount(turn.promptTokens)} → {formatCount(turn.completionTokens)} tokens ·{" "}
          {formatDuration(turn.latencyMs)} ·{" "}
          {turn.estimatedCostUSD === null ? "unpriced" : formatCost(turn.estimatedCostUSD)}
        </span>
      </div>
      {isOpen ? <TurnBody id={turn.id} look={look} /> : null}
    </li>
  );
}

function TurnBody({ id, look }: { readonly id: string; readonly look: TextLook }) {
  const { data: trace, error } = useQuery(traceQuery(id));
  if (trace === undefined) return error === null ? <Waiting /> : <Failure error={error} />;
  return (
    <div className="card-body stack">
      <OpenBodies trace={trace}>{(bodies) => <LastWords bodies={bodies} look={look} />}</OpenBodies>
    </div>
  );
}

/** A turn repeats those before it: what is new are the messages after the last answer of the assistant. */
function LastWords({ bodies, look }: { readonly bodies: TraceBodies; readonly look: TextLook }) {
  const asked = readChatRequest(bodies.request?.text ?? "")?.messages ?? [];
  const answer = readChatAnswer(bodies.response?.text ?? "");
  const last = asked.findLastIndex((message) => message.role === "assistant");
  return (
    <>
      <Conversation messages={asked.slice(last + 1)} look={look} asked={asked} />
      {answer.error === null ? null : (
        <p className="notice" data-tone="bad">
          {answer.error}
        </p>
      )}
      <Conversation messages={answer.messages} look={look} isAnswer asked={asked} />
    </>
  );
}
