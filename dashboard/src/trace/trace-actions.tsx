// What can be done with a trace: copy it as a program, replay it, compare it, filter by it, take it away.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Code, Columns2, ExternalLink, FileJson, Filter, Link2, Play } from "lucide-react";
import { useState } from "react";
import { useKey } from "../api/key-store.js";
import { bodiesQuery, meQuery } from "../api/queries.js";
import type { TraceDetail } from "../api/schema.js";
import { addTerm, makeTerm } from "../filter/filter-language.js";
import { Button } from "../parts/button.js";
import { CopyButton, copyText } from "../parts/copy-button.js";
import { Menu, MenuItem, MenuSection } from "../parts/menu.js";
import { describeFailure } from "../parts/states.js";
import { useShortcuts } from "../shell/shortcuts.js";
import { carriedSearch, readSearch, useView } from "../shell/view.js";
import { keyLabel } from "../traces/columns.js";
import { saveBlob } from "../traces/save-file.js";
import { makeCurl, makeNode, makePython, type Snippet } from "./copy-as.js";

const languages = [
  { name: "cURL", make: makeCurl },
  { name: "Node", make: makeNode },
  { name: "Python", make: makePython },
] as const;

const comparedSlot = "loom.compare";

export function TraceActions({ trace }: { readonly trace: TraceDetail }) {
  const key = useKey();
  const { data: me } = useQuery(meQuery(key));
  const { search } = useView();
  return (
    <div className="trace-actions">
      <CopyMenu trace={trace} />
      <Link
        to="/playground"
        search={readSearch({ ...carriedSearch(search), replay: trace.id })}
        className="button"
        data-small=""
      >
        <Play size={13} />
        Replay
      </Link>
      <CompareButton trace={trace} />
      <FilterMenu trace={trace} />
      {me?.jaegerUrl === null || me === undefined ? null : (
        <a
          className="button"
          data-small=""
          href={`${me.jaegerUrl}/trace/${trace.traceId}`}
          target="_blank"
          rel="noopener noreferrer"
        >
          <ExternalLink size={13} />
          Open in Jaeger
        </a>
      )}
      <span className="spring" />
      <CopyButton text={trace.id} label="Copy the trace id" />
      <Button
        small
        kind="plain"
        label="Copy a link to this trace"
        onClick={() => void copyText(`${location.origin}${import.meta.env.BASE_URL}traces/${trace.id}`)}
      >
        <Link2 size={14} />
      </Button>
      <Button
        small
        kind="plain"
        label="Save as JSON"
        onClick={() =>
          saveBlob(new Blob([JSON.stringify(trace, null, 2)], { type: "application/json" }), `${trace.id}.json`)
        }
      >
        <FileJson size={14} />
      </Button>
    </div>
  );
}

function CopyMenu({ trace }: { readonly trace: TraceDetail }) {
  const queries = useQueryClient();
  const [says, setSays] = useState("Copy as");
  const copy = async (name: string, make: (snippet: Snippet) => string): Promise<void> => {
    try {
      const bodies = trace.bodies.mayRead ? await queries.fetchQuery(bodiesQuery(trace.id)) : null;
      const placeholder = JSON.stringify({ model: trace.model, messages: [{ role: "user", content: "…" }] });
      const body = bodies?.request?.text ?? placeholder;
      await copyText(make({ origin: location.origin, endpoint: trace.endpoint, body }));
      setSays(`${name} copied`);
    } catch (error) {
      setSays(describeFailure(error).slice(0, 60));
    }
    setTimeout(() => setSays("Copy as"), 1800);
  };
  useShortcuts({ c: () => void copy("cURL", makeCurl) });
  return (
    <Menu
      align="start"
      trigger={
        <Button small>
          <Code size={13} />
          <span aria-live="polite">{says}</span>
        </Button>
      }
    >
      {languages.map(({ name, make }) => (
        <MenuItem key={name} onChoose={() => void copy(name, make)}>
          {name}
        </MenuItem>
      ))}
    </Menu>
  );
}

/** Two presses on two traces: the first one is remembered until then. */
function CompareButton({ trace }: { readonly trace: TraceDetail }) {
  const navigate = useNavigate();
  const [first, setFirst] = useState(() => sessionStorage.getItem(comparedSlot));
  const isFirst = first === trace.id;
  const press = (): void => {
    if (first === null || isFirst) {
      const next = isFirst ? null : trace.id;
      if (next === null) sessionStorage.removeItem(comparedSlot);
      else sessionStorage.setItem(comparedSlot, next);
      setFirst(next);
      return;
    }
    sessionStorage.removeItem(comparedSlot);
    void navigate({ to: "/compare/$left/$right", params: { left: first, right: trace.id } });
  };
  return (
    <Button small onClick={press} aria-pressed={isFirst} title="Compare with another trace: press on both">
      <Columns2 size={13} />
      {isFirst ? "Now open another" : first === null ? "Compare" : "Compare with the first"}
    </Button>
  );
}

function FilterMenu({ trace }: { readonly trace: TraceDetail }) {
  const { search } = useView();
  const navigate = useNavigate();
  const values: readonly (readonly [field: string, value: string | null, label: string | null])[] = [
    ["model", trace.model, trace.model],
    ["provider", trace.provider, trace.provider],
    ["outcome", trace.outcome, trace.outcome],
    ["status", String(trace.statusCode), String(trace.statusCode)],
    ["key", trace.key.id, keyLabel(trace.key)],
    ["session", trace.sessionId, trace.sessionId],
    ["user", trace.endUser, trace.endUser],
    ["error", trace.errorCode, trace.errorCode],
  ];
  const known = values.filter(([, value]) => value !== null);
  const go = (field: string, value: string | null, negated: boolean): void => {
    const q = addTerm(search.q ?? "", makeTerm(field, value ?? "", negated));
    void navigate({ to: "/traces", search: readSearch({ ...carriedSearch(search), q }) });
  };
  return (
    <Menu
      align="start"
      trigger={
        <Button small>
          <Filter size={13} />
          Filter
        </Button>
      }
    >
      {([false, true] as const).map((negated) => (
        <MenuSection key={String(negated)} label={negated ? "Leave out" : "Only"}>
          {known.map(([field, value, label]) => (
            <MenuItem key={field} onChoose={() => go(field, value, negated)}>
              <span className="faint">{field}</span> {label}
            </MenuItem>
          ))}
        </MenuSection>
      ))}
    </Menu>
  );
}
