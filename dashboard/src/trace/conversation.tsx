// Messages as a conversation. Whatever a model or a client wrote is shown as text; nothing in it is fetched or run.
import { Bot, Brain, ImageOff, ScrollText, User, Wrench } from "lucide-react";
import { type ReactNode, useState } from "react";
import { formatBytes } from "../format/numbers.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { CopyButton } from "../parts/copy-button.js";
import type { Message, Part } from "./read-conversation.js";
import { showText, type TextLook } from "./text-look.js";
import "./conversation.css";

const charactersShown = 20_000;
const messagesShown = 40;

const icons = { user: User, assistant: Bot, tool: Wrench, function: Wrench, system: ScrollText, developer: ScrollText };

export type ConversationProps = {
  readonly messages: readonly Message[];
  readonly look: TextLook;
  readonly isAnswer?: boolean;
  /** The messages before, to name the tool that a call's answer belongs to. */
  readonly asked?: readonly Message[];
};

export function Conversation({ messages, look, isAnswer = false, asked = [] }: ConversationProps) {
  const [isWhole, setIsWhole] = useState(false);
  const calls = toolNames([...asked, ...messages]);
  const hidden = isWhole ? 0 : Math.max(0, messages.length - messagesShown);
  return (
    <ol className="conversation">
      {hidden > 0 ? (
        <li>
          <Button small onClick={() => setIsWhole(true)}>
            Show {hidden} earlier messages
          </Button>
        </li>
      ) : null}
      {messages.slice(hidden).map((message, index) => (
        <MessageCard key={index} message={message} look={look} isAnswer={isAnswer} calls={calls} />
      ))}
    </ol>
  );
}

function toolNames(messages: readonly Message[]): ReadonlyMap<string, string> {
  return new Map(
    messages.flatMap(({ parts }) =>
      parts.flatMap((part): [string, string][] => (part.kind === "tool-call" ? [[part.id, part.name]] : [])),
    ),
  );
}

type MessageCardProps = {
  readonly message: Message;
  readonly look: TextLook;
  readonly isAnswer: boolean;
  readonly calls: ReadonlyMap<string, string>;
};

function MessageCard({ message, look, isAnswer, calls }: MessageCardProps) {
  const Icon = icons[message.role as keyof typeof icons] ?? Bot;
  const tool = message.callId === null ? null : (calls.get(message.callId) ?? message.callId);
  const text = message.parts.map((part) => ("text" in part ? part.text : "")).join("\n");
  return (
    <li className="message" data-role={message.role} data-answer={isAnswer ? "" : undefined}>
      <div className="message-head">
        <Icon size={14} aria-hidden="true" />
        <strong>{message.role}</strong>
        {message.name === null ? null : <span className="faint">{message.name}</span>}
        {tool === null ? null : <span className="faint">answers {tool}</span>}
        {isAnswer ? <Badge tone="info">answer</Badge> : null}
        <span className="spring" />
        {message.finishReason === null ? null : <Badge>{message.finishReason}</Badge>}
        {text === "" ? null : <CopyButton text={text} label="Copy the text" />}
      </div>
      {message.parts.length === 0 ? <p className="faint">No content.</p> : null}
      {message.parts.map((part, index) => (
        <PartView key={index} part={part} look={look} />
      ))}
    </li>
  );
}

function PartView({ part, look }: { readonly part: Part; readonly look: TextLook }): ReactNode {
  switch (part.kind) {
    case "text":
      return <LongText text={part.text} look={look} />;
    case "refusal":
      return (
        <div className="notice" data-tone="warn">
          {part.text}
        </div>
      );
    case "reasoning":
      return (
        <details className="folded">
          <summary>
            <Brain size={13} aria-hidden="true" /> Reasoning, {formatBytes(part.text.length)}
          </summary>
          <LongText text={part.text} look={look} />
        </details>
      );
    case "image":
      return <ImagePart url={part.url} />;
    case "tool-call":
      return (
        <div className="tool-call">
          <div className="row">
            <Wrench size={13} aria-hidden="true" />
            <code>{part.name}</code>
            <span className="spring" />
            <code className="faint cut">{part.id}</code>
          </div>
          <pre>{indent(part.args)}</pre>
        </div>
      );
    case "other":
      return (
        <details className="folded">
          <summary>{part.name}</summary>
          <pre className="code-block">{part.json.slice(0, charactersShown)}</pre>
        </details>
      );
  }
}

function indent(args: string): string {
  try {
    return JSON.stringify(JSON.parse(args), null, 2);
  } catch {
    // A model may write arguments that are no JSON.
    return args;
  }
}

function LongText({ text, look }: { readonly text: string; readonly look: TextLook }) {
  const [isWhole, setIsWhole] = useState(false);
  const isCut = !isWhole && text.length > charactersShown;
  return (
    <>
      {showText(isCut ? text.slice(0, charactersShown) : text, look)}
      {isCut ? (
        <Button small onClick={() => setIsWhole(true)}>
          Showing {formatBytes(charactersShown)} of {formatBytes(text.length)}: show all
        </Button>
      ) : null}
    </>
  );
}

const shownImage = /^data:image\/(png|jpeg|gif|webp|avif);base64,/i;

/** Only images that travelled in the message itself; an address is never visited on its own. */
function ImagePart({ url }: { readonly url: string }) {
  if (shownImage.test(url)) return <img className="picture" src={url} alt="Part of the message" />;
  const isLink = /^https?:\/\//i.test(url);
  return (
    <p className="notice">
      <ImageOff size={15} />
      <span className="cut">
        {isLink ? "An image elsewhere, not fetched: " : "An image that is not shown: "}
        {isLink ? (
          <a href={url} target="_blank" rel="noopener noreferrer nofollow">
            {url.slice(0, 200)}
          </a>
        ) : (
          <code>{url.slice(0, 80)}</code>
        )}
      </span>
    </p>
  );
}
