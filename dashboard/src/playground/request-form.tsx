// The form of the playground: model, messages, the few settings that matter.
import { Play, Plus, Square, Trash2 } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useId } from "react";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import type { DraftMessage, RequestDraft } from "./request-draft.js";

const roles = ["system", "user", "assistant"];

export type RequestFormProps = {
  readonly draft: RequestDraft;
  readonly onDraft: (draft: RequestDraft) => void;
  readonly models: readonly string[];
  readonly isRunning: boolean;
  readonly onSend: () => void;
  readonly onStop: () => void;
};

export function RequestForm({ draft, onDraft, models, isRunning, onSend, onStop }: RequestFormProps) {
  const listId = useId();
  const isReady = draft.model.trim() !== "" && draft.messages.length > 0;
  const change = (patch: Partial<RequestDraft>): void => onDraft({ ...draft, ...patch });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isReady && !isRunning) onSend();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  };
  return (
    <form className="stack" onSubmit={submit} onKeyDown={onKey}>
      <label className="label">
        Model
        <input
          className="field mono"
          list={listId}
          value={draft.model}
          placeholder="provider/model or an alias"
          onChange={(event) => change({ model: event.target.value })}
        />
        <datalist id={listId}>
          {models.map((model) => (
            <option key={model} value={model} />
          ))}
        </datalist>
      </label>
      <MessageFields messages={draft.messages} onMessages={(messages) => change({ messages })} />
      <div className="row wrap playground-settings">
        <label className="label">
          Temperature
          <input
            className="field"
            type="number"
            step="0.1"
            min="0"
            max="2"
            placeholder="default"
            value={draft.temperature}
            onChange={(event) => change({ temperature: event.target.value })}
          />
        </label>
        <label className="label">
          Most tokens
          <input
            className="field"
            type="number"
            min="1"
            placeholder="default"
            value={draft.maxTokens}
            onChange={(event) => change({ maxTokens: event.target.value })}
          />
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={draft.streams}
            onChange={(event) => change({ streams: event.target.checked })}
          />
          Stream
        </label>
      </div>
      {Object.keys(draft.rest).length > 0 ? (
        <p className="row wrap muted">
          Also sent, as recorded:
          {Object.keys(draft.rest).map((name) => (
            <Badge key={name}>{name}</Badge>
          ))}
        </p>
      ) : null}
      <div className="row">
        {isRunning ? (
          <Button onClick={onStop}>
            <Square size={13} />
            Stop
          </Button>
        ) : (
          <Button kind="primary" type="submit" disabled={!isReady}>
            <Play size={13} />
            Send
          </Button>
        )}
        <span className="faint">
          <kbd className="kbd">Ctrl</kbd> <kbd className="kbd">Enter</kbd>
        </span>
      </div>
    </form>
  );
}

type MessageFieldsProps = {
  readonly messages: readonly DraftMessage[];
  readonly onMessages: (messages: readonly DraftMessage[]) => void;
};

function MessageFields({ messages, onMessages }: MessageFieldsProps) {
  const set = (at: number, message: DraftMessage): void => onMessages(messages.with(at, message));
  return (
    <fieldset className="playground-messages">
      <legend className="unseen">Messages</legend>
      {messages.map((message, at) => (
        <div key={at} className="playground-message">
          <div className="row">
            <select
              aria-label={`Role of message ${at + 1}`}
              className="playground-role"
              value={message.role}
              disabled={message.original !== null}
              onChange={(event) => set(at, { ...message, role: event.target.value })}
            >
              {[...new Set([...roles, message.role])].map((role) => (
                <option key={role}>{role}</option>
              ))}
            </select>
            {message.original === null ? null : <Badge>as recorded</Badge>}
            <span className="spring" />
            <Button
              kind="plain"
              small
              label={`Remove message ${at + 1}`}
              onClick={() => onMessages(messages.toSpliced(at, 1))}
            >
              <Trash2 size={13} />
            </Button>
          </div>
          <textarea
            className="field"
            aria-label={`Text of message ${at + 1}`}
            rows={Math.min(10, Math.max(2, Math.ceil(message.content.length / 60)))}
            value={message.content}
            readOnly={message.original !== null}
            onChange={(event) => set(at, { ...message, content: event.target.value })}
          />
        </div>
      ))}
      <Button small onClick={() => onMessages([...messages, { role: "user", content: "", original: null }])}>
        <Plus size={13} />
        Message
      </Button>
    </fieldset>
  );
}
