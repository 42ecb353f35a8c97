// What stands in the place of content: waiting, nothing, or a failure that says what to do.
import { CircleAlert, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { ApiFailure } from "../api/ask.js";
import { Button } from "./button.js";

export function Waiting({ label = "Loading" }: { readonly label?: string }) {
  return (
    <div className="wait" role="status">
      <span className="spinner" />
      <span className="unseen">{label}</span>
    </div>
  );
}

export function Empty({
  title,
  icon,
  children,
}: {
  readonly title: string;
  readonly icon?: ReactNode;
  readonly children?: ReactNode;
}) {
  return (
    <div className="empty">
      {icon}
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function describeFailure(error: unknown): string {
  if (error instanceof ApiFailure) return error.message;
  return error instanceof Error ? error.message : String(error);
}

export function Failure({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const status = error instanceof ApiFailure && error.status > 0 ? ` (${error.status})` : "";
  return (
    <div className="notice" data-tone="bad" role="alert">
      <CircleAlert size={15} />
      <span>
        {describeFailure(error)}
        {status}
      </span>
      <span className="spring" />
      {onRetry === undefined ? null : (
        <Button small kind="plain" onClick={onRetry}>
          <RotateCw size={13} />
          Try again
        </Button>
      )}
    </div>
  );
}
