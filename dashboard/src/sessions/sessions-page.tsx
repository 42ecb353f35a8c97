// Sessions: requests that a client counted as one conversation. One of them opens as a conversation of its turns.
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { MessagesSquare } from "lucide-react";
import { useMemo } from "react";
import { type Scope, sessionsQuery } from "../api/queries.js";
import type { Session } from "../api/schema.js";
import { FilterBox } from "../filter/filter-box.js";
import { formatCompact, formatCost, formatCount, formatDuration } from "../format/numbers.js";
import { formatAgo, formatTime } from "../format/times.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { Empty, Failure, Waiting } from "../parts/states.js";
import { RangePicker, ZoomOutButton } from "../range/range-picker.js";
import { useClock, useRange, useZone } from "../shell/clock.js";
import { PageHead, RefreshButton } from "../shell/page-head.js";
import { readSearch, useView } from "../shell/view.js";
import { SessionView } from "./session-view.js";
import "./sessions.css";

export function SessionsPage() {
  const { search, change } = useView();
  const range = useRange(search);
  const q = search.q ?? "";
  const scope: Scope = useMemo(() => ({ range, q }), [range, q]);
  const query = useInfiniteQuery({ ...sessionsQuery(scope), placeholderData: keepPreviousData });
  if (search.session !== undefined) return <SessionView id={search.session} scope={scope} />;
  const sessions = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <PageHead title="Sessions">
        <ZoomOutButton />
        <RangePicker />
        <RefreshButton />
      </PageHead>
      <div className="toolbar" data-line="">
        <FilterBox q={q} onApply={(next) => change({ q: next })} scope={scope} error={query.error} />
      </div>
      <div className="page-body">
        {query.isPending ? <Waiting /> : null}
        {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
        {query.data !== undefined && sessions.length === 0 ? <NoSessions /> : null}
        {sessions.length > 0 ? <SessionTable sessions={sessions} /> : null}
        {query.hasNextPage ? (
          <p className="sessions-more">
            <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              Older sessions
            </Button>
          </p>
        ) : null}
      </div>
    </>
  );
}

function NoSessions() {
  return (
    <Empty title="No sessions in this time" icon={<MessagesSquare size={26} />}>
      <p>
        Requests with the same <code>x-session-id</code> header count as one session, and are shown here as one
        conversation. Nothing in this time and filter carried one.
      </p>
    </Empty>
  );
}

function SessionTable({ sessions }: { readonly sessions: readonly Session[] }) {
  return (
    <div className="card sessions-card">
      <table className="list">
        <caption className="unseen">Sessions, the one with the latest request first</caption>
        <thead>
          <tr>
            <th scope="col">Session</th>
            <th scope="col">Latest</th>
            <th scope="col">Models</th>
            <th scope="col">User</th>
            {["Requests", "Errors", "Length", "Tokens", "Cost"].map((name) => (
              <th key={name} scope="col" className="right">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <SessionRow key={session.id} session={session} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SessionRow({ session }: { readonly session: Session }) {
  const { search } = useView();
  const { asOfMs } = useClock();
  const [zone] = useZone();
  const lastMs = Date.parse(session.lastAt);
  return (
    <tr>
      <th scope="row">
        <Link to="/sessions" search={readSearch({ ...search, session: session.id })}>
          {session.id}
        </Link>
      </th>
      <td title={formatTime(lastMs, zone)}>{formatAgo(lastMs, asOfMs)}</td>
      <td>{session.models.join(", ")}</td>
      <td>{session.endUsers.join(", ") || <span className="faint">–</span>}</td>
      <td className="right number">{formatCount(session.totalRequests)}</td>
      <td className="right number">
        {session.errors > 0 ? <Badge tone="bad">{session.errors}</Badge> : <span className="faint">0</span>}
      </td>
      <td className="right number">{formatDuration(session.durationMs)}</td>
      <td className="right number">{formatCompact(session.totalTokens)}</td>
      <td className="right number">
        {formatCost(session.estimatedCostUSD)}
        {session.unpricedRequests > 0 ? <span className="faint"> +{session.unpricedRequests} unpriced</span> : null}
      </td>
    </tr>
  );
}
