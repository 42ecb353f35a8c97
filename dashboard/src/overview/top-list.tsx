// The largest groups as bars; each leads to its traces. The same as a table, for those who read it.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Table2 } from "lucide-react";
import { useState } from "react";
import { type Scope, topQuery } from "../api/queries.js";
import type { TopGroup } from "../api/schema.js";
import { addTerm } from "../filter/filter-language.js";
import { formatCompact, formatCost, formatCount, formatDuration, formatShare, type Maybe } from "../format/numbers.js";
import { Button } from "../parts/button.js";
import { Waiting } from "../parts/states.js";
import { carriedSearch, readSearch, useView } from "../shell/view.js";

export type TopMetric = "requests" | "cost" | "tokens" | "errors";

const metrics: Readonly<
  Record<TopMetric, { readonly read: (group: TopGroup) => number; readonly format: (value: Maybe) => string }>
> = {
  requests: { read: (group) => group.totalRequests, format: formatCompact },
  cost: { read: (group) => group.estimatedCostUSD, format: formatCost },
  tokens: { read: (group) => group.totalTokens, format: formatCompact },
  errors: {
    read: (group) => group.totalRequests - group.outcomes.complete - group.outcomes.aborted,
    format: formatCompact,
  },
};
const shownMax = 8;

export type TopListProps = {
  readonly scope: Scope;
  readonly by: string;
  readonly metric: TopMetric;
  readonly label: string;
};

export function TopList({ scope, by, metric, label }: TopListProps) {
  const [isTable, setIsTable] = useState(false);
  const { data } = useQuery({ ...topQuery(scope, { by, metric, limit: shownMax }), placeholderData: keepPreviousData });
  const groups = data?.data.filter((group) => group.group !== null && metrics[metric].read(group) > 0) ?? [];
  return (
    <section className="card" aria-label={label}>
      <div className="card-head">
        <h2>{label}</h2>
        {data !== undefined && data.groupCount > shownMax ? (
          <span className="faint">
            {shownMax} of {data.groupCount}
          </span>
        ) : null}
        <span className="spring" />
        <Button
          kind="plain"
          small
          label={isTable ? "View as bars" : "View as table"}
          aria-pressed={isTable}
          onClick={() => setIsTable(!isTable)}
        >
          <Table2 size={14} />
        </Button>
      </div>
      {data === undefined ? <Waiting /> : null}
      {data !== undefined && groups.length === 0 ? <p className="top-none">None in this time.</p> : null}
      {isTable ? <GroupTable groups={groups} /> : <Bars groups={groups} metric={metric} />}
    </section>
  );
}

function Bars({ groups, metric }: { readonly groups: readonly TopGroup[]; readonly metric: TopMetric }) {
  const { search } = useView();
  const { read, format } = metrics[metric];
  const most = Math.max(...groups.map(read), 0);
  return (
    <div className="bar-list">
      {groups.map((group) => (
        <Link
          key={group.group}
          to="/traces"
          search={readSearch({ ...carriedSearch(search), q: addTerm(search.q ?? "", group.filter) })}
          className="bar-line"
          title={group.filter}
        >
          <span className="bar-fill" style={{ width: `calc(${(read(group) / (most || 1)) * 100}% - 6px)` }} />
          <span className="cut">{group.label ?? group.group}</span>
          <span className="spring" />
          <span className="number">{format(read(group))}</span>
        </Link>
      ))}
    </div>
  );
}

function GroupTable({ groups }: { readonly groups: readonly TopGroup[] }) {
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">Name</th>
          {["Requests", "Errors", "p95", "Tokens", "Cost"].map((name) => (
            <th key={name} scope="col" className="right">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {groups.map((group) => (
          <tr key={group.group}>
            <th scope="row">{group.label ?? group.group}</th>
            <td className="right number">{formatCount(group.totalRequests)}</td>
            <td className="right number">{formatShare(group.errorRate)}</td>
            <td className="right number">{formatDuration(group.p95LatencyMs)}</td>
            <td className="right number">{formatCompact(group.totalTokens)}</td>
            <td className="right number">{formatCost(group.estimatedCostUSD)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
