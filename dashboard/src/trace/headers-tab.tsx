// The headers of a trace: what the client sent, what its provider answered, and what Loom added for the client.
import type { ReactNode } from "react";
import type { TraceDetail } from "../api/schema.js";
import { formatDuration } from "../format/numbers.js";
import "./headers-tab.css";

type Line = { readonly name: string; readonly value: string };

function HeaderTable({
  title,
  lines,
  none,
}: {
  readonly title: string;
  readonly lines: readonly Line[];
  none: string;
}) {
  return (
    <section>
      <h2 className="section-name">{title}</h2>
      {lines.length === 0 ? (
        <p className="muted">{none}</p>
      ) : (
        <table className="list header-list">
          <caption className="unseen">{title}</caption>
          <tbody>
            {lines.map(({ name, value }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  <code>{value}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** What the client got of the head beside the provider's own lines. */
function addedByLoom({ id, provider, gatewayOverheadMs, contentType, contentEncoding }: TraceDetail): Line[] {
  const lines = [
    { name: "content-type", value: contentType },
    { name: "content-encoding", value: contentEncoding },
    { name: "x-loom-trace-id", value: id },
    { name: "x-loom-provider", value: provider },
    { name: "x-loom-overhead-ms", value: formatDuration(gatewayOverheadMs) },
  ];
  return lines.flatMap(({ name, value }) => (value === null ? [] : [{ name, value }]));
}

export function HeadersTab({ trace }: { readonly trace: TraceDetail }): ReactNode {
  const { requestHeaders, answerHeaders } = trace;
  return (
    <div className="tab-body stack">
      <HeaderTable
        title="Of the request"
        lines={requestHeaders ?? []}
        none={requestHeaders === null ? "Not recorded." : "None of those that are recorded were sent."}
      />
      <HeaderTable
        title="Of the provider's answer"
        lines={answerHeaders ?? []}
        none={
          answerHeaders !== null
            ? "None of those that are recorded came."
            : requestHeaders === null
              ? "Not recorded."
              : "No provider answered."
        }
      />
      <HeaderTable title="That the client got of Loom" lines={addedByLoom(trace)} none="" />
      <p className="muted">
        Loom records headers on a fixed list only, each to 256 characters. Keys, cookies and whatever it does not know
        are never among them.
      </p>
    </div>
  );
}
