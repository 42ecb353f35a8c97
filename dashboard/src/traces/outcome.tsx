// How a request ended, as a mark, a word and a colour; never the colour alone.
import { Ban, Check, CircleAlert, CircleSlash, Scissors, Unplug } from "lucide-react";
import type { Trace } from "../api/schema.js";
import { Badge, type Tone } from "../parts/badge.js";

export type Outcome = Trace["outcome"];

export const outcomes: readonly Outcome[] = ["complete", "error", "aborted", "truncated", "interrupted", "refused"];

const looks: Readonly<Record<Outcome, { readonly tone: Tone; readonly icon: typeof Check; readonly says: string }>> = {
  complete: { tone: "good", icon: Check, says: "The whole answer reached the client." },
  error: { tone: "bad", icon: CircleAlert, says: "The provider or Loom answered with an error." },
  aborted: { tone: "warn", icon: Unplug, says: "The client left before the end of the answer." },
  truncated: { tone: "violet", icon: Scissors, says: "The provider's answer was cut off." },
  interrupted: { tone: "info", icon: CircleSlash, says: "The gateway stopped while the request was open." },
  refused: { tone: "plain", icon: Ban, says: "Loom refused the request before it was forwarded." },
};

export function outcomeColour(outcome: Outcome): string {
  return `var(--${outcome})`;
}

export function StatusBadge({ trace }: { readonly trace: Pick<Trace, "outcome" | "statusCode"> }) {
  const { tone, icon: Icon, says } = looks[trace.outcome];
  return (
    <Badge tone={tone} title={says}>
      <Icon size={12} aria-hidden="true" />
      {trace.statusCode} {trace.outcome}
    </Badge>
  );
}
