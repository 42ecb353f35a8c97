// Not yet.
export function KeysPage() {
  return null;
}
