// An empty list, which has four causes that call for four answers: nothing ever, nothing in this time, nothing for this
// filter, not permitted.
import { useQuery } from "@tanstack/react-query";
import { Inbox, Lock, SearchX, Timer } from "lucide-react";
import { useEffect, useRef } from "react";
import { useKey } from "../api/key-store.js";
import { meQuery, type Scope } from "../api/queries.js";
import type { Me } from "../api/schema.js";
import { readTerms, removeTerm } from "../filter/filter-language.js";
import { formatAgo } from "../format/times.js";
import { Button } from "../parts/button.js";
import { Empty } from "../parts/states.js";
import { FirstTrace } from "../session/first-trace.js";
import { useClock } from "../shell/clock.js";
import { useView } from "../shell/view.js";

const pollMs = 1500;

export function NoTraces({ scope }: { readonly scope: Scope }) {
  const me = useFirstTrace();
  if (me === undefined) return null;
  if (!me.may.readTraces) {
    return (
      <Empty title="This key may not read traces" icon={<Lock size={26} />}>
        <p>Sign in with another key of the tenant, or ask for one that may.</p>
      </Empty>
    );
  }
  if (me.newestTraceAt === null) return <FirstTrace />;
  return scope.q === "" ? <NothingInTime me={me} /> : <NothingForFilter q={scope.q} />;
}

/** Who asks; while the tenant has no trace it looks until there is one, and then shows it. */
function useFirstTrace(): Me | undefined {
  const key = useKey();
  const { refresh } = useClock();
  const { data } = useQuery({
    ...meQuery(key),
    refetchInterval: ({ state }) => (state.data?.newestTraceAt === null ? pollMs : false),
  });
  const newest = data?.newestTraceAt;
  const before = useRef(newest);
  useEffect(() => {
    if (before.current === null && typeof newest === "string") refresh();
    before.current = newest;
  }, [newest, refresh]);
  return data;
}

function NothingInTime({ me }: { readonly me: Me }) {
  const { change } = useView();
  const newestMs = Date.parse(me.newestTraceAt ?? "");
  const jump = (): void => {
    const from = new Date(newestMs - 1_800_000).toISOString();
    change({ range: undefined, from, to: new Date(newestMs + 60_000).toISOString() });
  };
  return (
    <Empty title="No traces in this time" icon={<Timer size={26} />}>
      <p>The newest trace is from {formatAgo(newestMs, Date.now())}.</p>
      <div className="row">
        <Button kind="primary" onClick={jump}>
          Jump to it
        </Button>
        <Button onClick={() => change({ range: "24h", from: undefined, to: undefined })}>Last 24 hours</Button>
        <Button onClick={() => change({ range: "30d", from: undefined, to: undefined })}>Last 30 days</Button>
      </div>
    </Empty>
  );
}

function NothingForFilter({ q }: { readonly q: string }) {
  const { change } = useView();
  return (
    <Empty title="No traces for this filter in this time" icon={<SearchX size={26} />}>
      <p>Take a term away, or look at a longer time.</p>
      <div className="row wrap">
        {readTerms(q).map((term) => (
          <Button key={term.start} small onClick={() => change({ q: removeTerm(q, term) })}>
            <span className="mono">{term.text}</span> ×
          </Button>
        ))}
      </div>
      <div className="row">
        <Button onClick={() => change({ q: undefined })}>
          <Inbox size={14} />
          Clear the filter
        </Button>
        <Button onClick={() => change({ range: "7d", from: undefined, to: undefined })}>Last 7 days</Button>
      </div>
    </Empty>
  );
}
