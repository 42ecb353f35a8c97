// A small line without axes, for the shape of a figure over time.

const widthUnits = 120;
const heightUnits = 26;

export function Sparkline({ values }: { readonly values: readonly (number | null)[] }) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return <svg className="spark" aria-hidden="true" />;
  const most = Math.max(...known);
  const least = Math.min(0, ...known);
  const y = (value: number): number => heightUnits - 2 - ((value - least) / (most - least || 1)) * (heightUnits - 4);
  const step = widthUnits / (values.length - 1);
  let path = "";
  values.forEach((value, at) => {
    if (value === null) return;
    path += `${path === "" || values[at - 1] === null ? "M" : "L"}${(at * step).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  return (
    <svg className="spark" viewBox={`0 0 ${widthUnits} ${heightUnits}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path} fill="none" stroke="var(--series-1)" strokeWidth="1.5" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
