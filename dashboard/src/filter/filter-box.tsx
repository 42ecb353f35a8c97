// The filter as one line of text, with suggestions for fields and values. Enter applies it; the server is the judge, and
// its fault is shown where it lies.
import { useQuery } from "@tanstack/react-query";
import { ListFilter, X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { ApiFailure } from "../api/ask.js";
import { type Scope, topQuery } from "../api/queries.js";
import { Button } from "../parts/button.js";
import { useShortcuts } from "../shell/shortcuts.js";
import { filterFields } from "./filter-fields.js";
import { makeTerm, termAt } from "./filter-language.js";
import "./filter.css";

const shownMax = 9;

type Suggestion = { readonly text: string; readonly hint: string; readonly isWhole: boolean };

export type FilterBoxProps = {
  readonly q: string;
  readonly onApply: (q: string) => void;
  /** For the values that are in sight. */
  readonly scope: Scope;
  readonly error: unknown;
};

/** Fields while a name is typed, values of the field behind its colon. */
function useSuggestions(text: string, caret: number, scope: Scope, isOpen: boolean): readonly Suggestion[] {
  const term = termAt(text, caret);
  const field =
    term?.field === null || term === null ? undefined : filterFields.find(({ name }) => name === term.field);
  const wanted = { by: field?.top ?? "model", metric: "requests", limit: 30 };
  const values = useQuery({ ...topQuery({ ...scope, q: "" }, wanted), enabled: isOpen && field?.top !== undefined });
  const sign = term?.negated === true ? "-" : "";
  if (field === undefined) {
    const typed = (term?.value ?? "").toLowerCase();
    return filterFields
      .filter(({ name }) => name.startsWith(typed))
      .map(({ name, says }) => ({ text: `${sign}${name}:`, hint: says, isWhole: false }));
  }
  const typed = (term?.value ?? "").replaceAll('"', "").toLowerCase();
  const found = (values.data?.data ?? []).flatMap((group) =>
    group.group === null ? [] : [{ value: group.group, label: group.label ?? group.group, count: group.totalRequests }],
  );
  const listed =
    field.top === undefined ? field.examples.map((value) => ({ value, label: value, count: null })) : found;
  return listed
    .filter(({ value, label }) => `${value} ${label}`.toLowerCase().includes(typed))
    .map(({ value, label, count }) => ({
      text: /^[<>]/.test(value) ? `${sign}${field.name}:${value}` : makeTerm(field.name, value, sign === "-"),
      hint: `${label === value ? "" : `${label} · `}${count === null ? "" : `${count} requests`}`,
      isWhole: true,
    }));
}

/** A filter that comes from elsewhere, as by the back button, begins the line anew. */
export function FilterBox(props: FilterBoxProps) {
  return <FilterLine key={props.q} {...props} />;
}

function FilterLine({ q, onApply, scope, error }: FilterBoxProps) {
  const [text, setText] = useState(q);
  const [caret, setCaret] = useState(0);
  const [isOpen, setIsOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const placeOfTaken = useRef<number | null>(null);
  // Together with the text: a frame later the next letter may be there already, and would end up behind the caret.
  useLayoutEffect(() => {
    const place = placeOfTaken.current;
    placeOfTaken.current = null;
    if (place !== null) input.current?.setSelectionRange(place, place);
  });
  useShortcuts({ "/": () => input.current?.focus() });
  const suggestions = useSuggestions(text, caret, scope, isOpen).slice(0, shownMax);
  const apply = (next: string): void => {
    setIsOpen(false);
    setAt(-1);
    onApply(next.trim());
  };
  const take = (suggestion: Suggestion): void => {
    const term = termAt(text, caret);
    const before = text.slice(0, term?.start ?? caret);
    const after = text.slice(term?.end ?? caret);
    const next = `${before}${suggestion.text}${suggestion.isWhole ? " " : ""}${after.trimStart()}`;
    setText(next);
    setAt(-1);
    const place = before.length + suggestion.text.length + (suggestion.isWhole ? 1 : 0);
    setCaret(place);
    placeOfTaken.current = place;
  };
  const onKey = (event: KeyboardEvent): void => {
    const chosen = suggestions[at];
    if (event.key === "ArrowDown" && isOpen) setAt(Math.min(at + 1, suggestions.length - 1));
    else if (event.key === "ArrowUp" && isOpen) setAt(Math.max(at - 1, -1));
    else if ((event.key === "Tab" || event.key === "Enter") && isOpen && chosen !== undefined) take(chosen);
    else if (event.key === "Enter") apply(text);
    else if (event.key === "Escape" && isOpen) setIsOpen(false);
    else if (event.key === "Escape") input.current?.blur();
    else return;
    event.preventDefault();
  };
  return (
    <div className="filter">
      <ListFilter size={15} className="filter-icon" aria-hidden="true" />
      <input
        ref={input}
        className="field filter-field mono"
        role="combobox"
        aria-label="Filter"
        aria-expanded={isOpen && suggestions.length > 0}
        aria-controls="filter-suggestions"
        aria-activedescendant={at >= 0 ? `filter-suggestion-${at}` : undefined}
        aria-invalid={faultOf(error) !== null}
        autoComplete="off"
        spellCheck={false}
        placeholder="model:gpt-4o  status:>=500  latency:>2s  -outcome:complete"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setCaret(event.target.selectionStart ?? event.target.value.length);
          setIsOpen(true);
          setAt(-1);
        }}
        onFocus={() => setIsOpen(true)}
        onBlur={() => setIsOpen(false)}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
        onKeyDown={onKey}
      />
      {text === "" ? null : (
        <Button kind="plain" small label="Clear the filter" onClick={() => apply("")}>
          <X size={14} />
        </Button>
      )}
      {isOpen && suggestions.length > 0 ? (
        <SuggestionList suggestions={suggestions} at={at} onTake={take} isDirty={text.trim() !== q} />
      ) : null}
      <FilterFault q={q} error={error} />
    </div>
  );
}

type SuggestionListProps = {
  readonly suggestions: readonly Suggestion[];
  readonly at: number;
  readonly onTake: (suggestion: Suggestion) => void;
  readonly isDirty: boolean;
};

function SuggestionList({ suggestions, at, onTake, isDirty }: SuggestionListProps) {
  return (
    <div className="popup filter-popup">
      <div id="filter-suggestions" role="listbox" aria-label="Suggestions">
        {suggestions.map((suggestion, index) => (
          <div
            key={suggestion.text}
            id={`filter-suggestion-${index}`}
            className="menu-item"
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            data-highlighted={index === at ? "" : undefined}
            // Before the field loses the focus.
            onMouseDown={(event) => {
              event.preventDefault();
              onTake(suggestion);
            }}
          >
            <span className="mono cut">{suggestion.text}</span>
            <span className="spring" />
            <span className="faint cut">{suggestion.hint}</span>
          </div>
        ))}
      </div>
      <p className="filter-hint">
        <kbd className="kbd">↑</kbd> <kbd className="kbd">↓</kbd> choose <kbd className="kbd">Tab</kbd> take{" "}
        <kbd className="kbd">Enter</kbd> {isDirty ? "apply" : "apply the filter"}
      </p>
    </div>
  );
}

function faultOf(error: unknown): ApiFailure | null {
  return error instanceof ApiFailure && error.status === 400 ? error : null;
}

/** The filter with the place of the fault marked, and what is wrong with it. */
function FilterFault({ q, error }: { readonly q: string; readonly error: unknown }): ReactNode {
  const fault = faultOf(error);
  if (fault === null) return null;
  const { start, end } = fault.position ?? { start: 0, end: 0 };
  return (
    <p className="filter-fault" role="alert">
      {end > start ? (
        <code>
          {q.slice(Math.max(0, start - 24), start)}
          <mark>{q.slice(start, end)}</mark>
          {q.slice(end, end + 24)}
        </code>
      ) : null}{" "}
      {fault.message}
    </p>
  );
}
