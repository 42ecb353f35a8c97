// Not yet.
export function SessionsPage() {
  return null;
}
