// What is wrong with a configuration: every fault at once, each with its place and its fix. The caller exits with 78.

export type ConfigFault = {
  /** Where the value came from: `PORT`, `--port`, or `loom.yaml:3 listen.port`. */
  readonly where: string;
  readonly message: string;
  /** What to do about it, as one sentence. */
  readonly fix: string;
};

/** Thrown by `readConfig` with all the faults that were found; the message is ready to be printed. */
export class ConfigFaults extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
    super(`The configuration has ${count}:\n${faults.map(faultLine).join("\n")}`);
    this.name = "ConfigFaults";
    this.faults = faults;
  }
}

function faultLine(fault: ConfigFault): string {
  return `  ${fault.where}: ${fault.message} ${fault.fix}`;
}
