// Not yet.
export function ComparePage() {
  return null;
}
