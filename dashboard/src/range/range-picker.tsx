// Chooses the time: presets, typed shorthand (`45m`, `now/d`), or two moments.
import { Popover } from "@base-ui/react/popover";
import { ChevronDown, Clock, ZoomOut } from "lucide-react";
import { type FormEvent, useState } from "react";
import { formatShort, type Zone, zoneName, zoneOffsetMinutes } from "../format/times.js";
import { Button } from "../parts/button.js";
import { Choice } from "../parts/choice.js";
import { useClock, useRange, useZone } from "../shell/clock.js";
import { useView } from "../shell/view.js";
import { isRangeText, presets, type Range, searchOfMoments } from "./range.js";

/** `2026-11-21T14:02` in the zone, for an input of type datetime-local. */
function toInput(ms: number, zone: Zone): string {
  return new Date(ms + zoneOffsetMinutes(ms, zone) * 60_000).toISOString().slice(0, 16);
}

function fromInput(text: string, zone: Zone): number {
  return Date.parse(zone === "utc" ? `${text}Z` : text);
}

function describeRange(range: Range, zone: Zone): string {
  if (range.label !== "Custom") return range.label;
  return `${formatShort(range.fromMs, zone)} – ${range.toMs === null ? "now" : formatShort(range.toMs, zone)}`;
}

export function RangePicker() {
  const { search, change } = useView();
  const [isOpen, setIsOpen] = useState(false);
  const [zone] = useZone();
  const range = useRange(search);
  const choose = (text: string): void => {
    change({ range: text, from: undefined, to: undefined });
    setIsOpen(false);
  };
  return (
    <Popover.Root open={isOpen} onOpenChange={setIsOpen}>
      <Popover.Trigger render={<Button data-shortcut="range" />}>
        <Clock size={14} />
        {describeRange(range, zone)}
        <ChevronDown size={13} />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner className="popup-place" sideOffset={5} align="end">
          <Popover.Popup className="popup range-popup" aria-label="Choose the time">
            <Shorthand onChoose={choose} />
            <div className="range-presets">
              {presets.map((preset) => (
                <Button key={preset} small aria-pressed={search.range === preset} onClick={() => choose(preset)}>
                  {preset}
                </Button>
              ))}
            </div>
            <Moments range={range} onDone={() => setIsOpen(false)} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Shorthand({ onChoose }: { readonly onChoose: (text: string) => void }) {
  const [text, setText] = useState("");
  const [isWrong, setIsWrong] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isRangeText(text)) onChoose(text.trim());
    else setIsWrong(true);
  };
  return (
    <form onSubmit={submit}>
      <input
        className="field"
        aria-label="Time as text"
        aria-invalid={isWrong}
        placeholder="45m, 7d, now-90m, now/d … then Enter"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setIsWrong(false);
        }}
      />
      {isWrong ? <p className="range-fault">Not a time that is understood. Try 45m, 7d or now/d.</p> : null}
    </form>
  );
}

function Moments({ range, onDone }: { readonly range: Range; readonly onDone: () => void }) {
  const { change } = useView();
  const { asOfMs } = useClock();
  const [zone, setZone] = useZone();
  const [from, setFrom] = useState(toInput(range.fromMs, zone));
  const [to, setTo] = useState(toInput(range.toMs ?? asOfMs, zone));
  const fromMs = fromInput(from, zone);
  const toMs = fromInput(to, zone);
  const isGood = fromMs < toMs;
  return (
    <form
      className="range-moments"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isGood) return;
        change(searchOfMoments(fromMs, toMs));
        onDone();
      }}
    >
      <label className="label">
        From
        <input className="field" type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
      </label>
      <label className="label">
        To
        <input className="field" type="datetime-local" value={to} onChange={(event) => setTo(event.target.value)} />
      </label>
      <div className="row">
        <Choice
          label="Time zone"
          value={zone}
          onChoose={setZone}
          options={[
            { value: "local", label: zoneName("local") },
            { value: "utc", label: "UTC" },
          ]}
        />
        <span className="spring" />
        <Button kind="primary" type="submit" disabled={!isGood}>
          Apply
        </Button>
      </div>
    </form>
  );
}

/** Twice the time that is shown now. */
export function ZoomOutButton() {
  const { search, change } = useView();
  const { asOfMs } = useClock();
  const range = useRange(search);
  if (search.from === undefined) return null;
  const toMs = range.toMs ?? asOfMs;
  const half = (toMs - range.fromMs) / 2;
  return (
    <Button
      label="Zoom out"
      onClick={() => change(searchOfMoments(range.fromMs - half, Math.min(toMs + half, Date.now())))}
    >
      <ZoomOut size={14} />
    </Button>
  );
}
