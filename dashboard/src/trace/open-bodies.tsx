// The bodies of a trace, opened for a reader who may: what has to be said before, and instead.
import { useQuery } from "@tanstack/react-query";
import { Lock, ShieldCheck } from "lucide-react";
import type { ReactNode } from "react";
import { bodiesQuery } from "../api/queries.js";
import type { Body, TraceBodies, TraceDetail } from "../api/schema.js";
import { formatBytes } from "../format/numbers.js";
import { Failure, Waiting } from "../parts/states.js";
import "./open-bodies.css";

export type OpenBodiesProps = { readonly trace: TraceDetail; readonly children: (bodies: TraceBodies) => ReactNode };

export function OpenBodies({ trace, children }: OpenBodiesProps) {
  if (!trace.bodies.mayRead) return <NotPermitted trace={trace} />;
  if (trace.bodies.request.state === "erased") {
    return (
      <p className="notice" data-tone="warn">
        <Lock size={15} />
        The key of this tenant was destroyed. Nobody can open these bodies any more; the rest of the record stays.
      </p>
    );
  }
  return <Opened trace={trace}>{children}</Opened>;
}

function Opened({ trace, children }: OpenBodiesProps) {
  const { data, error, isPending, refetch } = useQuery(bodiesQuery(trace.id));
  if (isPending) return <Waiting label="Opening the bodies" />;
  if (data === undefined) return <Failure error={error} onRetry={() => void refetch()} />;
  return (
    <>
      <p className="opened">
        <ShieldCheck size={13} />
        Decrypted for you; this view is in the audit log.
      </p>
      <Partial name="request" body={data.request} />
      <Partial name="answer" body={data.response} />
      {children(data)}
    </>
  );
}

/** Nothing is cut without saying so. */
function Partial({ name, body }: { readonly name: string; readonly body: Body | null }) {
  if (body === null) return null;
  const isPart = body.offset > 0 || body.endOffset < body.bytes;
  if (!isPart && !body.captureTruncated) return null;
  return (
    <p className="notice" data-tone="warn">
      {isPart
        ? `Showing ${formatBytes(body.endOffset - body.offset)} of ${formatBytes(body.bytes)} of the ${name}; Raw has it whole as a file.`
        : `The ${name} was longer than what Loom keeps; the end is missing.`}
    </p>
  );
}

function NotPermitted({ trace }: { readonly trace: TraceDetail }) {
  const { request, response, missingScope } = trace.bodies;
  return (
    <div className="notice" data-tone="warn">
      <Lock size={15} />
      <div className="stack">
        <p>
          This key lacks the scope <code>{missingScope ?? "bodies:read"}</code>, so the bodies stay sealed. A key with
          it is made by <code>loom key create --scopes bodies:read</code>.
        </p>
        <p className="number">
          Request {formatBytes(request.bytes)}, answer {formatBytes(response.bytes)}. Leaf of the ledger{" "}
          <code>{trace.leafHash?.slice(0, 16) ?? "–"}…</code>
        </p>
      </div>
    </div>
  );
}
