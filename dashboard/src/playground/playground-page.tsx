// Not yet.
export function PlaygroundPage() {
  return null;
}
