// What a tenant without any trace sees: how to send a request, a button that sends one, and a wait that ends by itself.
import { Send } from "lucide-react";
import { useState } from "react";
import { ask } from "../api/ask.js";
import { readKey } from "../api/key-store.js";
import { Button } from "../parts/button.js";
import { CopyButton } from "../parts/copy-button.js";
import { describeFailure, Empty } from "../parts/states.js";

const demoRequest = { model: "mock/echo", messages: [{ role: "user", content: "Hello from the dashboard" }] };

function curlWith(key: string): string {
  return [
    `curl ${location.origin}/v1/chat/completions \\`,
    `  -H "Authorization: Bearer ${key}" \\`,
    `  -H "content-type: application/json" \\`,
    `  -d '${JSON.stringify(demoRequest)}'`,
  ].join("\n");
}

export function FirstTrace() {
  const [state, setState] = useState<"idle" | "sending" | "sent">("idle");
  const [fault, setFault] = useState<string | null>(null);
  const sendOne = (): void => {
    setState("sending");
    setFault(null);
    ask("/v1/chat/completions", { method: "POST", body: demoRequest }).then(
      () => setState("sent"),
      (error: unknown) => {
        setState("idle");
        setFault(describeFailure(error));
      },
    );
  };
  return (
    <Empty title="Waiting for the first trace">
      <p>Send any request through Loom with a key of this tenant; it appears here a moment after it ends.</p>
      <div className="code-wrap first-curl">
        <pre className="code-block">{curlWith("$LOOM_API_KEY")}</pre>
        <CopyButton text={() => curlWith(readKey() ?? "$LOOM_API_KEY")} label="Copy with this key" kind="normal" />
      </div>
      <div className="row">
        <Button kind="primary" onClick={sendOne} disabled={state !== "idle"}>
          <Send size={14} />
          {state === "idle" ? "Send a demo request" : "Sent, waiting for its trace"}
        </Button>
        <span className="spinner" role="status" aria-label="Waiting" />
      </div>
      {fault === null ? null : (
        <p className="notice" data-tone="bad" role="alert">
          {fault}
        </p>
      )}
    </Empty>
  );
}
