// Copies a text and says so for a moment, to eyes and to screen readers.
import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "./button.js";

const shownMs = 1600;

/** Also where the page is not in a secure context, as on a plain-HTTP host name. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function CopyButton({
  text,
  label,
  children,
  small = true,
  kind = "plain",
}: {
  readonly text: string | (() => string);
  readonly label: string;
  readonly children?: string;
  readonly small?: boolean;
  readonly kind?: "plain" | "normal";
}) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), shownMs);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (): void => {
    copyText(typeof text === "string" ? text : text()).then(
      () => setCopied(true),
      () => undefined,
    );
  };
  const icon = copied ? <Check size={14} /> : <Copy size={14} />;
  const rest = children === undefined ? { label } : { title: label };
  return (
    <Button kind={kind} small={small} onClick={copy} {...rest}>
      {icon}
      {children}
      <span className="unseen" aria-live="polite">
        {copied ? "Copied" : ""}
      </span>
    </Button>
  );
}
