// A flame graph of a .cpuprofile as a page of its own kind: one SVG without a script. Width is time, the callers are
// below, and the colour says whose code it is. Pure.
import type { CpuProfile } from "../cpu/profile-summary.js";
import { shortenUrl } from "../cpu/profile-summary.js";
import { escapeText } from "./svg.js";

const width = 1200;
const rowHeight = 17;
const headHeight = 44;
/** Narrower frames would be lines without a name. */
const frameWidthMin = 1.2;
const letterWidth = 6.4;
const owners = {
  Loom: "#f2a65a",
  packages: "#f6d186",
  Node: "#9ec5e8",
  "native code and V8": "#c7c7cf",
} as const;

type Owner = keyof typeof owners;
type Flame = { readonly label: string; readonly owner: Owner; ms: number; readonly callees: Map<string, Flame> };

function ownerOf(url: string): Owner {
  if (url === "") return "native code and V8";
  if (url.startsWith("node:") || url.startsWith("wasm:")) return "Node";
  return url.includes("/node_modules/") ? "packages" : "Loom";
}

/** Calls of the same function by the same callers are one frame. Idle time is left out. */
export function stackFlames(profile: CpuProfile): Flame {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const callers = new Map<number, number>();
  for (const { id, children } of profile.nodes) for (const child of children ?? []) callers.set(child, id);
  const root: Flame = { label: "all", owner: "native code and V8", ms: 0, callees: new Map() };
  profile.samples.forEach((sample, index) => {
    const stack: CpuProfile["nodes"][number]["callFrame"][] = [];
    for (let id: number | undefined = sample; id !== undefined; id = callers.get(id)) {
      const frame = nodes.get(id)?.callFrame;
      if (frame !== undefined && frame.functionName !== "(root)") stack.push(frame);
    }
    if (stack[0]?.functionName === "(idle)") return;
    const ms = (profile.timeDeltas[index + 1] ?? 0) / 1000;
    root.ms += ms;
    let at = root;
    for (const { functionName, url, lineNumber } of stack.reverse()) {
      const where = url === "" ? "" : ` ${shortenUrl(url)}:${lineNumber + 1}`;
      const label = `${functionName || "(anonymous)"}${where}`;
      const next: Flame = at.callees.get(label) ?? { label, owner: ownerOf(url), ms: 0, callees: new Map() };
      next.ms += ms;
      at.callees.set(label, next);
      at = next;
    }
  });
  return root;
}

function depthOf(flame: Flame, scale: number): number {
  const deep = [...flame.callees.values()].filter(({ ms }) => ms * scale >= frameWidthMin);
  return 1 + Math.max(0, ...deep.map((callee) => depthOf(callee, scale)));
}

/** The whole SVG. `title` says which thread of which run it is. */
export function drawFlames(profile: CpuProfile, title: string): string {
  const root = stackFlames(profile);
  const scale = root.ms === 0 ? 0 : width / root.ms;
  const height = headHeight + depthOf(root, scale) * rowHeight;
  const boxes: string[] = [];
  const draw = (flame: Flame, x: number, row: number): void => {
    const wide = flame.ms * scale;
    if (wide < frameWidthMin) return;
    const y = height - (row + 1) * rowHeight;
    const share = ((flame.ms / root.ms) * 100).toFixed(1);
    const letters = Math.floor((wide - 6) / letterWidth);
    const text = letters < 4 ? "" : flame.label.slice(0, letters);
    boxes.push(
      `<g><title>${escapeText(flame.label)}: ${flame.ms.toFixed(0)} ms, ${share} %</title>` +
        `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(0, wide - 0.5).toFixed(1)}" height="${rowHeight - 1}" fill="${owners[flame.owner]}"/>` +
        `${text === "" ? "" : `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escapeText(text)}</text>`}</g>`,
    );
    let at = x;
    for (const callee of [...flame.callees.values()].sort((one, other) => other.ms - one.ms)) {
      draw(callee, at, row + 1);
      at += callee.ms * scale;
    }
  };
  draw(root, 0, 0);
  const legend = Object.entries(owners).map(
    ([name, colour], at) =>
      `<rect x="${at * 170}" y="24" width="12" height="12" fill="${colour}"/><text x="${at * 170 + 17}" y="34">${name}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="10.5">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="0" y="14" font-size="13">${escapeText(title)}: ${root.ms.toFixed(0)} ms busy</text>
${legend.join("\n")}
${boxes.join("\n")}
</svg>
`;
}
