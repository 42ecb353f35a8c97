// The facets beside the list: the values that are there in this time, most frequent first. A click writes the filter.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type Scope, topQuery } from "../api/queries.js";
import { addTerm, readTerms, removeTerm } from "../filter/filter-language.js";
import { formatCompact } from "../format/numbers.js";
import "./facet-list.css";

const facets = [
  { by: "outcome", label: "Outcome" },
  { by: "model", label: "Model" },
  { by: "provider", label: "Provider" },
  { by: "key", label: "Key" },
  { by: "status", label: "Status" },
] as const;
const shownMax = 7;

export type FacetListProps = { readonly scope: Scope; readonly onFilter: (q: string) => void };

export function FacetList({ scope, onFilter }: FacetListProps) {
  return (
    <aside className="facets" aria-label="Facets">
      {facets.map((facet) => (
        <Facet key={facet.by} by={facet.by} label={facet.label} scope={scope} onFilter={onFilter} />
      ))}
    </aside>
  );
}

function Facet({ by, label, scope, onFilter }: FacetListProps & { readonly by: string; readonly label: string }) {
  const terms = readTerms(scope.q);
  // Without its own term, so that the other values stay in sight to change over to.
  const own = terms.find((term) => term.field === by && !term.negated);
  const others = own === undefined ? scope.q : removeTerm(scope.q, own);
  const wanted = { by, metric: "requests", limit: shownMax };
  const { data } = useQuery({ ...topQuery({ ...scope, q: others }, wanted), placeholderData: keepPreviousData });
  const groups = data?.data.filter((group) => group.group !== null) ?? [];
  if (groups.length === 0) return null;
  return (
    <section className="facet">
      <h2>{label}</h2>
      {groups.map((group) => {
        const isOn = own !== undefined && own.text === group.filter;
        return (
          <button
            key={group.group}
            type="button"
            aria-pressed={isOn}
            title={isOn ? "Take this filter away" : `Only ${group.filter}`}
            onClick={() => onFilter(isOn ? others : addTerm(others, group.filter))}
          >
            <span className="cut spring">{group.label ?? group.group}</span>
            <span className="number">{formatCompact(group.totalRequests)}</span>
          </button>
        );
      })}
      {data !== undefined && data.groupCount > groups.length ? (
        <p className="menu-label">and {data.groupCount - groups.length} more</p>
      ) : null}
    </section>
  );
}
