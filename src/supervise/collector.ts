// One answer of several processes: whoever is asked for a page that speaks for all asks here for what the others say.
import type { GatewayProcess } from "./gateway-process.js";
import type { FromProcess } from "./messages.js";

type Collecting = {
  readonly asker: GatewayProcess;
  /** As the asker numbers it. */
  readonly id: number;
  readonly reports: unknown[];
  missing: number;
  readonly timer: NodeJS.Timeout;
};

/** A process that hangs does not keep the others from answering. */
const deadlineMs = 1000;

export class Collector {
  readonly #processes: () => readonly GatewayProcess[];
  readonly #open = new Map<number, Collecting>();
  #lastId = 0;

  constructor(processes: () => readonly GatewayProcess[]) {
    this.#processes = processes;
  }

  take(from: GatewayProcess, message: FromProcess): void {
    if (message.type === "collect") this.#ask(from, message.id);
    else if (message.type === "reported") this.#gather(message.id, message.report);
  }

  #ask(asker: GatewayProcess, id: number): void {
    this.#lastId += 1;
    const own = this.#lastId;
    const asked = this.#processes();
    const timer = setTimeout(() => this.#answer(own), deadlineMs);
    this.#open.set(own, { asker, id, reports: [], missing: asked.length, timer });
    for (const process of asked) process.send({ type: "report", id: own });
    if (asked.length === 0) this.#answer(own);
  }

  #gather(id: number, report: unknown): void {
    const collecting = this.#open.get(id);
    if (collecting === undefined) return;
    collecting.reports.push(report);
    collecting.missing -= 1;
    if (collecting.missing === 0) this.#answer(id);
  }

  #answer(id: number): void {
    const collecting = this.#open.get(id);
    if (collecting === undefined) return;
    this.#open.delete(id);
    clearTimeout(collecting.timer);
    collecting.asker.send({ type: "collected", id: collecting.id, reports: collecting.reports });
  }
}
