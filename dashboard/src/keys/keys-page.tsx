// The tenant's client keys and what each has used. Keys are made and revoked on the command line, so this page says how.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ListTree } from "lucide-react";
import { useKey } from "../api/key-store.js";
import { keysQuery, meQuery } from "../api/queries.js";
import type { Key, Me } from "../api/schema.js";
import { makeTerm } from "../filter/filter-language.js";
import { formatCompact, formatCost, formatCount, formatShare } from "../format/numbers.js";
import { formatAgo, formatTime } from "../format/times.js";
import { Badge, type Tone } from "../parts/badge.js";
import { CopyButton } from "../parts/copy-button.js";
import { Failure, Waiting } from "../parts/states.js";
import { RangePicker } from "../range/range-picker.js";
import { useClock, useRange, useZone } from "../shell/clock.js";
import { PageHead, RefreshButton } from "../shell/page-head.js";
import { carriedSearch, readSearch, useView } from "../shell/view.js";
import "./keys.css";

export function KeysPage() {
  const { search } = useView();
  const range = useRange(search);
  const key = useKey();
  const { data: me } = useQuery(meQuery(key));
  const { data, error, refetch } = useQuery({ ...keysQuery(range), placeholderData: keepPreviousData });
  return (
    <>
      <PageHead title="Keys and usage">
        <RangePicker />
        <RefreshButton />
      </PageHead>
      <div className="page-body keys-page">
        {me === undefined ? null : <OwnKey me={me} />}
        {data === undefined && error === null ? <Waiting /> : null}
        {error === null ? null : <Failure error={error} onRetry={() => void refetch()} />}
        {data === undefined ? null : <KeyTable keys={data.data} />}
        <section className="card">
          <div className="card-head">
            <h2>Make, revoke</h2>
          </div>
          <div className="card-body stack">
            <p className="muted">
              Keys are made and revoked by whoever runs the gateway; a key is shown once, and only its hash is kept.
            </p>
            {[
              `loom key create --tenant ${me?.tenant.name ?? "NAME"} --name NAME`,
              `loom key create --tenant ${me?.tenant.name ?? "NAME"} --name NAME --scopes bodies:read`,
              "loom key revoke PREFIX",
            ].map((command) => (
              <div key={command} className="code-wrap">
                <pre className="code-block">{command}</pre>
                <CopyButton text={command} label="Copy the command" />
              </div>
            ))}
          </div>
        </section>
      </div>
    </>
  );
}

function OwnKey({ me }: { readonly me: Me }) {
  const [zone] = useZone();
  const facts: readonly (readonly [string, string])[] = [
    ["Tenant", me.tenant.name],
    ["This key", `${me.key.name} (${me.key.prefix}…)`],
    ["Ends", me.key.expiresAt === null ? "never" : formatTime(Date.parse(me.key.expiresAt), zone)],
    ["Sees metadata", me.may.readTraces ? "of all traces of the tenant" : "no"],
    ["Opens bodies", me.may.readBodies ? "yes, and each opening is recorded" : "no: it lacks the scope bodies:read"],
    ["Traces are kept", me.retentionDays === null ? "for ever" : `${me.retentionDays} days`],
    ["Loom", me.version],
  ];
  return (
    <section className="card">
      <div className="card-head">
        <h2>What this key may see</h2>
      </div>
      <dl className="card-body own-key">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const tones: Readonly<Record<Key["state"], Tone>> = { active: "good", expired: "warn", revoked: "bad" };

function KeyTable({ keys }: { readonly keys: readonly Key[] }) {
  const most = Math.max(...keys.map((key) => key.estimatedCostUSD), 0);
  return (
    <section className="card keys-card">
      <table className="list">
        <caption className="unseen">Client keys of the tenant with their usage in this time</caption>
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">State</th>
            <th scope="col">Scopes</th>
            <th scope="col">Last used</th>
            {["Requests", "Errors", "Tokens", "Cost"].map((name) => (
              <th key={name} scope="col" className="right">
                {name}
              </th>
            ))}
            <th scope="col">
              <span className="unseen">Traces</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <KeyRow key={key.id} shown={key} share={most > 0 ? key.estimatedCostUSD / most : 0} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function KeyRow({ shown, share }: { readonly shown: Key; readonly share: number }) {
  const { search } = useView();
  const { asOfMs } = useClock();
  const lastMs = shown.lastUsedAt === null ? null : Date.parse(shown.lastUsedAt);
  return (
    <tr>
      <th scope="row">
        <strong>{shown.name}</strong> {shown.isOwn ? <Badge tone="info">this key</Badge> : null}
        <br />
        <code className="faint">{shown.prefix}…</code>
      </th>
      <td>
        <Badge tone={tones[shown.state]}>{shown.state}</Badge>
      </td>
      <td>{shown.scopes.length === 0 ? <span className="faint">–</span> : <code>{shown.scopes.join(" ")}</code>}</td>
      <td>{lastMs === null ? <span className="faint">not in 90 days</span> : formatAgo(lastMs, asOfMs)}</td>
      <td className="right number">{formatCount(shown.totalRequests)}</td>
      <td className="right number">{formatShare(shown.errorRate)}</td>
      <td className="right number">{formatCompact(shown.totalTokens)}</td>
      <td className="right number">
        {formatCost(shown.estimatedCostUSD)}
        <div className="key-bar" aria-hidden="true">
          <div style={{ width: `${share * 100}%` }} />
        </div>
      </td>
      <td className="right">
        <Link
          to="/traces"
          search={readSearch({ ...carriedSearch(search), q: makeTerm("key", shown.id) })}
          className="button"
          data-small=""
          data-kind="plain"
        >
          <ListTree size={13} />
          Traces
        </Link>
      </td>
    </tr>
  );
}
