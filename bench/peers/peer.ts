// What the bench asks of another gateway: to be started in front of the mock with its recording on, where it has any,
// and to say what that took and what could not be switched on.
import type { Meter } from "../cpu/cpu-meter.js";

export type PeerPlace = {
  /** A folder of the run, for whatever the peer writes. */
  readonly home: string;
  /** Where the peers are installed: docs/bench.md says how. */
  readonly peersHome: string;
  /** The mock's origin. */
  readonly upstreamUrl: string;
};

export type RunningPeer = {
  readonly target: {
    readonly name: string;
    /** Its origin; `/v1/chat/completions` follows. */
    readonly url: string;
    readonly key: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly nameModel?: (model: string) => string;
    readonly meter: Meter;
  };
  readonly version: string;
  /** What it does besides passing bytes: authentication, recording. */
  readonly does: string;
  /** What Loom does in this run and the peer does not, or could not be made to do. */
  readonly lacks: string;
  stop(): Promise<void>;
};

export type Peer = {
  readonly name: string;
  /** Null when it is not installed. Rejects when it is and does not start. */
  start(place: PeerPlace): Promise<RunningPeer | null>;
};

export type PeerReport =
  | ({ readonly state: "runs"; readonly name: string } & RunningPeer)
  | { readonly state: "absent"; readonly name: string }
  | { readonly state: "failed"; readonly name: string; readonly why: string };

/** One peer that does not start is no reason to compare with none. */
export async function startPeers(peers: readonly Peer[], place: PeerPlace): Promise<PeerReport[]> {
  const reports: PeerReport[] = [];
  for (const peer of peers) {
    const { name } = peer;
    try {
      const running = await peer.start(place);
      reports.push(running === null ? { state: "absent", name } : { state: "runs", name, ...running });
    } catch (error) {
      reports.push({ state: "failed", name, why: error instanceof Error ? error.message : String(error) });
    }
  }
  return reports;
}

/** Lines for the terminal and the results. */
export function describePeer(report: PeerReport): string {
  switch (report.state) {
    case "absent":
      return `${report.name}: not installed`;
    case "failed":
      return `${report.name}: does not start. ${report.why}`;
    case "runs":
      return `${report.name} ${report.version}: ${report.does} Lacks: ${report.lacks}`;
  }
}
