// A word on a tinted ground. The word says it; the colour only helps.
import type { ReactNode } from "react";

export type Tone = "plain" | "good" | "bad" | "warn" | "info" | "violet";

export function Badge({
  tone = "plain",
  title,
  children,
}: {
  readonly tone?: Tone;
  readonly title?: string;
  readonly children: ReactNode;
}) {
  return (
    <span className="badge" data-tone={tone} title={title}>
      {children}
    </span>
  );
}
