// What the cost is made of, line by line; or why there is none.
import type { TraceDetail } from "../api/schema.js";
import { formatCost, formatCount, formatExactCost } from "../format/numbers.js";

export function CostTab({ trace }: { readonly trace: TraceDetail }) {
  return (
    <div className="tab-body stack">
      <CostTable trace={trace} />
      <dl className="pairs">
        <dt>Usage said by</dt>
        <dd>{{ provider: "the provider", estimated: "Loom, estimated", none: "nobody" }[trace.usageSource]}</dd>
        <dt>Price list</dt>
        <dd>{trace.priceVersion ?? "–"}</dd>
        <dt>Reasoning tokens</dt>
        <dd className="number">{formatCount(trace.reasoningTokens)}</dd>
        <dt>Total tokens</dt>
        <dd className="number">{formatCount(trace.totalTokens)}</dd>
      </dl>
    </div>
  );
}

function CostTable({ trace }: { readonly trace: TraceDetail }) {
  const { costLines, estimatedCostUSD } = trace;
  if (costLines === null || costLines.length === 0) {
    if (estimatedCostUSD !== null)
      return <p>{formatCost(estimatedCostUSD)} in all. The prices that it was made of are not at hand.</p>;
    return (
      <p className="notice">
        {trace.usageSource === "none"
          ? "Nobody said how many tokens were used, so there is no cost."
          : "No price is known for this model. It counts as unpriced, not as free."}
      </p>
    );
  }
  return (
    <table className="list">
      <caption className="unseen">The cost, line by line</caption>
      <thead>
        <tr>
          <th scope="col">Item</th>
          <th scope="col" className="right">
            Tokens
          </th>
          <th scope="col" className="right">
            US$ per million
          </th>
          <th scope="col" className="right">
            Cost
          </th>
        </tr>
      </thead>
      <tbody>
        {costLines.map((line) => (
          <tr key={line.item}>
            <td>{line.item}</td>
            <td className="right number">{formatCount(line.tokens)}</td>
            <td className="right number">{line.usdPerMillion ?? "–"}</td>
            <td className="right number">{formatExactCost(line.costUSD)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" colSpan={3}>
            Estimated cost
          </th>
          <td className="right number">
            <strong>{formatExactCost(estimatedCostUSD)}</strong>
          </td>
        </tr>
      </tfoot>
    </table>
  );
}
