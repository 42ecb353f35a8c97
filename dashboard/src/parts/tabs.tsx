// Tabs whose choice lies with the page, so that it can be in the URL.
import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";

export type Tab = { readonly id: string; readonly label: string; readonly show: () => ReactNode };

export function Tabs({
  tabs,
  chosen,
  onChoose,
  label,
}: {
  readonly tabs: readonly Tab[];
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
  readonly label: string;
}) {
  const shown = tabs.some((tab) => tab.id === chosen) ? chosen : (tabs[0]?.id ?? "");
  return (
    <Base.Root value={shown} onValueChange={(id) => onChoose(String(id))}>
      <Base.List className="tabs" aria-label={label}>
        {tabs.map((tab) => (
          <Base.Tab key={tab.id} value={tab.id} className="tab">
            {tab.label}
          </Base.Tab>
        ))}
      </Base.List>
      {tabs.map((tab) => (
        <Base.Panel key={tab.id} value={tab.id} className="tab-panel">
          {tab.id === shown ? tab.show() : null}
        </Base.Panel>
      ))}
    </Base.Root>
  );
}
