// The bodies as they were, byte for byte: JSON in lines that fold, anything else as text, all of it as a file.
import { Download } from "lucide-react";
import { useState } from "react";
import { send } from "../api/ask.js";
import type { TraceBodies, TraceDetail } from "../api/schema.js";
import { formatBytes } from "../format/numbers.js";
import { Button } from "../parts/button.js";
import { Choice } from "../parts/choice.js";
import { CopyButton } from "../parts/copy-button.js";
import { describeFailure } from "../parts/states.js";
import { saveBlob } from "../traces/save-file.js";
import { JsonView } from "./json-view.js";
import { OpenBodies } from "./open-bodies.js";

type Part = "request" | "response";

export function RawTab({ trace }: { readonly trace: TraceDetail }) {
  return (
    <div className="tab-body stack">
      <OpenBodies trace={trace}>{(bodies) => <RawBodies trace={trace} bodies={bodies} />}</OpenBodies>
    </div>
  );
}

function RawBodies({ trace, bodies }: { readonly trace: TraceDetail; readonly bodies: TraceBodies }) {
  const [part, setPart] = useState<Part>("request");
  const [fault, setFault] = useState<string | null>(null);
  const body = bodies[part];
  const name = part === "request" ? "request" : "answer";
  const save = (): void => {
    send(`/v1/traces/${trace.id}/bodies`, { query: { part, raw: true } })
      .then((response) => response.blob())
      .then((blob) => saveBlob(blob, `${trace.id}-${name}${trace.streamed && part === "response" ? ".sse" : ".json"}`))
      .catch((error: unknown) => setFault(describeFailure(error)));
  };
  return (
    <>
      <div className="row">
        <Choice
          label="Which body"
          value={part}
          onChoose={setPart}
          options={[
            { value: "request", label: `Request ${formatBytes(trace.requestBytes)}` },
            { value: "response", label: `Answer ${formatBytes(trace.responseBytes)}` },
          ]}
        />
        <span className="spring" />
        {body === null || body.encoding !== "utf8" ? null : <CopyButton text={body.text} label={`Copy the ${name}`} />}
        <Button small onClick={save} disabled={body === null}>
          <Download size={13} />
          As a file
        </Button>
      </div>
      {fault === null ? null : (
        <p className="notice" data-tone="bad" role="alert">
          {fault}
        </p>
      )}
      {body === null ? <p className="notice">There are no bytes.</p> : null}
      {body !== null && body.encoding === "base64" ? <p className="notice">Not text: the file has the bytes.</p> : null}
      {body !== null && body.encoding === "utf8" ? <JsonView key={part} text={body.text} name={name} /> : null}
    </>
  );
}
