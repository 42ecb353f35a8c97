// The frame around every page: navigation, preferences, who is signed in, shortcuts. Without a key it is the way in.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import {
  Activity,
  ChartNoAxesCombined,
  KeyRound,
  LogOut,
  MessagesSquare,
  Monitor,
  Moon,
  SquareTerminal,
  Sun,
} from "lucide-react";
import { useMemo, useState } from "react";
import { ApiFailure } from "../api/ask.js";
import { forgetKey, useKey } from "../api/key-store.js";
import { meQuery } from "../api/queries.js";
import type { Me } from "../api/schema.js";
import { zoneName } from "../format/times.js";
import { Button } from "../parts/button.js";
import { Choice } from "../parts/choice.js";
import { SignInPage } from "../session/sign-in-page.js";
import { ClockContext, useZone } from "./clock.js";
import { CommandPalette } from "./command-palette.js";
import { ShortcutSheet } from "./shortcut-sheet.js";
import { useShortcuts } from "./shortcuts.js";
import { useTheme } from "./theme.js";
import { carriedSearch, useView } from "./view.js";

export const pages = [
  { to: "/overview", name: "Overview", key: "o", icon: ChartNoAxesCombined },
  { to: "/traces", name: "Traces", key: "t", icon: Activity },
  { to: "/sessions", name: "Sessions", key: "s", icon: MessagesSquare },
  { to: "/playground", name: "Playground", key: "p", icon: SquareTerminal },
  { to: "/keys", name: "Keys and usage", key: "k", icon: KeyRound },
] as const;

export function Shell() {
  const key = useKey();
  const me = useQuery(meQuery(key));
  useTheme();
  const isRefused = me.error instanceof ApiFailure && me.error.status === 401;
  if (key === null) return <SignInPage refused={null} />;
  if (isRefused) return <SignInPage refused="The gateway does not take the key of this browser any more." />;
  return <Frame me={me.data ?? null} />;
}

function Frame({ me }: { readonly me: Me | null }) {
  const [asOfMs, setAsOfMs] = useState(Date.now);
  const queries = useQueryClient();
  const clock = useMemo(
    () => ({
      asOfMs,
      refresh: () => {
        setAsOfMs(Date.now());
        void queries.invalidateQueries({ queryKey: ["me"] });
      },
    }),
    [asOfMs, queries],
  );
  return (
    <ClockContext.Provider value={clock}>
      <a className="skip" href="#page">
        Skip to the page
      </a>
      <div className="shell">
        <Side me={me} />
        <main id="page" className="page" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <Keyboard refresh={clock.refresh} />
    </ClockContext.Provider>
  );
}

function Keyboard({ refresh }: { readonly refresh: () => void }) {
  const [open, setOpen] = useState<"nothing" | "palette" | "sheet">("nothing");
  const { choice, theme, choose } = useTheme();
  const navigate = useNavigate();
  const { search } = useView();
  const go = Object.fromEntries(
    pages.map((page) => [`g ${page.key}`, () => void navigate({ to: page.to, search: carriedSearch(search) })]),
  );
  useShortcuts({
    ...go,
    r: refresh,
    d: () => choose(theme === "dark" ? "light" : "dark"),
    t: () => document.querySelector<HTMLButtonElement>("[data-shortcut='range']")?.click(),
    "?": () => setOpen("sheet"),
    "mod+k": () => setOpen("palette"),
  });
  const close = (): void => setOpen("nothing");
  return (
    <>
      <CommandPalette isOpen={open === "palette"} onClose={close} themeChoice={choice} onTheme={choose} />
      <ShortcutSheet isOpen={open === "sheet"} onClose={close} />
    </>
  );
}

function Side({ me }: { readonly me: Me | null }) {
  const { search } = useView();
  const { choice, choose } = useTheme();
  const [zone, setZone] = useZone();
  return (
    <nav className="side" aria-label="Pages">
      <Link to="/overview" search={carriedSearch(search)} className="brand">
        <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" />
        Loom
      </Link>
      {pages.map(({ to, name, key, icon: Icon }) => (
        <Link key={to} to={to} search={carriedSearch(search)} className="side-link" title={`g ${key}`}>
          <Icon size={16} />
          {name}
        </Link>
      ))}
      <span className="spring" />
      <div className="side-foot">
        <div className="row">
          <Choice
            label="Theme"
            value={choice}
            onChoose={choose}
            options={[
              { value: "system", label: "As the system", icon: <Monitor size={13} /> },
              { value: "light", label: "Light", icon: <Sun size={13} /> },
              { value: "dark", label: "Dark", icon: <Moon size={13} /> },
            ]}
          />
        </div>
        <Choice
          label={`Time zone (local is ${zoneName("local")})`}
          value={zone}
          onChoose={setZone}
          options={[
            { value: "local", label: "Local" },
            { value: "utc", label: "UTC" },
          ]}
        />
        <div className="row">
          <span className="cut" title={me === null ? "" : `${me.key.name} (${me.key.prefix})`}>
            <strong>{me?.tenant.name ?? "…"}</strong>
            <br />
            <span className="muted">{me?.key.name ?? ""}</span>
          </span>
          <span className="spring" />
          <Button kind="plain" small label="Forget this key" onClick={forgetKey}>
            <LogOut size={14} />
          </Button>
        </div>
      </div>
    </nav>
  );
}
