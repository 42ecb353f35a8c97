// The line over a page: its name and what can be done with all of it.
import { RotateCw } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { Button } from "../parts/button.js";
import { useClock } from "./clock.js";

export function PageHead({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Loom`;
  }, [title]);
  return (
    <header className="page-head">
      <h1>{title}</h1>
      <span className="spring" />
      {children}
    </header>
  );
}

export function RefreshButton() {
  const { refresh } = useClock();
  return (
    <Button label="Refresh (r)" onClick={refresh}>
      <RotateCw size={14} />
    </Button>
  );
}
