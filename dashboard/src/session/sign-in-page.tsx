// The way in: a client key, what it is for, where it stays, and where to find one.
import { KeyRound, ShieldCheck } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiFailure, ask } from "../api/ask.js";
import { keepKey } from "../api/key-store.js";
import type { Me } from "../api/schema.js";
import { Button } from "../parts/button.js";
import { describeFailure } from "../parts/states.js";
import "./sign-in.css";

export function SignInPage({ refused }: { readonly refused: string | null }) {
  const [key, setKey] = useState("");
  const [fault, setFault] = useState<string | null>(refused);
  const [isAsking, setIsAsking] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const wanted = key.trim();
    if (wanted === "") return;
    setIsAsking(true);
    ask<Me>("/v1/me", { key: wanted })
      .then(() => keepKey(wanted))
      .catch((error: unknown) => setFault(readRefusal(error)))
      .finally(() => setIsAsking(false));
  };
  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width={40} height={40} />
        <h1>Sign in to Loom</h1>
        <p className="muted">
          Paste a client key of your tenant, the same kind that applications send. It starts with <code>sk-loom-</code>.
        </p>
        <form onSubmit={submit} className="stack">
          <label className="label">
            Client key
            <input
              className="field mono"
              type="password"
              autoComplete="off"
              spellCheck={false}
              autoFocus
              value={key}
              placeholder="sk-loom-…"
              aria-invalid={fault !== null}
              aria-describedby={fault === null ? undefined : "sign-in-fault"}
              onChange={(event) => {
                setKey(event.target.value);
                setFault(null);
              }}
            />
          </label>
          {fault === null ? null : (
            <p id="sign-in-fault" className="notice" data-tone="bad" role="alert">
              {fault}
            </p>
          )}
          <Button kind="primary" type="submit" disabled={isAsking || key.trim() === ""}>
            <KeyRound size={14} />
            {isAsking ? "Asking the gateway …" : "Sign in"}
          </Button>
        </form>
        <dl className="sign-in-facts">
          <dt>Just started Loom?</dt>
          <dd>
            The demo key was printed at the start, and is in <code>demo.json</code> in its home folder.
          </dd>
          <dt>No key yet?</dt>
          <dd>
            <code>loom key create --tenant NAME</code> makes one; <code>--scopes bodies:read</code> lets it open prompts
            and answers.
          </dd>
          <dt>Where it stays</dt>
          <dd>
            In this browser only, until you choose “Forget this key”. It is sent to this gateway and to nobody else.
          </dd>
        </dl>
        <p className="sign-in-foot">
          <ShieldCheck size={14} /> A key sees the traces of its own tenant, never another’s.
        </p>
      </div>
    </main>
  );
}

function readRefusal(error: unknown): string {
  if (error instanceof ApiFailure && error.status === 401)
    return "The gateway does not know this key, or it was revoked.";
  return describeFailure(error);
}
