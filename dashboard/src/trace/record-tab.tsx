// What Loom keeps of a trace beside its bodies: names, sizes, and its place in the ledger.
import type { ReactNode } from "react";
import type { TraceDetail } from "../api/schema.js";
import { formatBytes } from "../format/numbers.js";
import { formatTime } from "../format/times.js";
import { CopyButton } from "../parts/copy-button.js";
import { useZone } from "../shell/clock.js";

type Pair = readonly [name: string, value: ReactNode];

function Pairs({ title, pairs }: { readonly title: string; readonly pairs: readonly Pair[] }) {
  return (
    <section>
      <h2 className="section-name">{title}</h2>
      <dl className="pairs">
        {pairs.map(([name, value]) => (
          <div key={name} className="pair">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Id({ value, name }: { readonly value: string | null; readonly name: string }) {
  if (value === null) return <span className="faint">–</span>;
  return (
    <span className="row">
      <code className="cut">{value}</code>
      <CopyButton text={value} label={`Copy the ${name}`} />
    </span>
  );
}

/** The library that an official client names, and whether it had tried before. */
function clientText({ client }: TraceDetail): string {
  if (client === null) return "–";
  const named = `${client.library}${client.version === null ? "" : ` ${client.version}`}`;
  if (client.retry === 0) return named;
  return `${named}, ${client.retry === 1 ? "its first retry" : `its retry no. ${client.retry}`}`;
}

export function RecordTab({ trace }: { readonly trace: TraceDetail }) {
  const [zone] = useZone();
  const { request, response } = trace.bodies;
  return (
    <div className="tab-body stack">
      <Pairs
        title="Names"
        pairs={[
          ["Trace", <Id key="1" value={trace.id} name="trace id" />],
          ["OpenTelemetry trace", <Id key="2" value={trace.traceId} name="OpenTelemetry trace id" />],
          ["Span", <Id key="3" value={trace.spanId} name="span id" />],
          ["Client's request id", <Id key="4" value={trace.requestId} name="request id" />],
          ["Endpoint", <code key="5">{trace.endpoint}</code>],
          ["Client", clientText(trace)],
          ["User agent", trace.userAgent === null ? "–" : <code key="6">{trace.userAgent}</code>],
          ["Tags", trace.tags.length === 0 ? "–" : trace.tags.join(", ")],
        ]}
      />
      <Pairs
        title="Sealed bodies"
        pairs={[
          ["Request", `${formatBytes(request.bytes)}, ${formatBytes(request.storedBytes)} sealed (${request.state})`],
          ["Answer", `${formatBytes(response.bytes)}, ${formatBytes(response.storedBytes)} sealed (${response.state})`],
          ["Captured", trace.captureTruncated ? "cut: the client got more than the trace holds" : "whole"],
          ["Codec, key version", `${trace.bodyCodec}, ${trace.encryptionKeyVersion}`],
        ]}
      />
      <Pairs
        title="Ledger"
        pairs={[
          ["Node and boot", <code key="1">{`${trace.nodeId} / ${trace.bootId}`}</code>],
          ["Lane and number", `${trace.lane} / ${trace.seq}`],
          ["Leaf", <Id key="2" value={trace.leafHash} name="leaf hash" />],
          ["Recorded", formatTime(Date.parse(trace.recordedAt), zone)],
        ]}
      />
    </div>
  );
}
