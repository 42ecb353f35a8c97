// Whether the text of messages is shown as it is, or as the Markdown that it may be.
import { lazy, type ReactNode, Suspense } from "react";
import { usePreference } from "../shell/preference.js";
import "./conversation.css";

const Markdown = lazy(() => import("./markdown.js").then((module) => ({ default: module.Markdown })));

export type TextLook = "text" | "markdown";

export function useTextLook(): readonly [TextLook, (look: TextLook) => void] {
  return usePreference<TextLook>("textLook", "text");
}

/** Markdown is fetched when it is first wanted. */
export function showText(text: string, look: TextLook): ReactNode {
  const plain = <p className="said">{text}</p>;
  if (look === "text") return plain;
  return (
    <Suspense fallback={plain}>
      <Markdown text={text} />
    </Suspense>
  );
}
