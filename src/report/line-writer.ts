// pino for a thread that does not write: lines are collected as text, and whoever has the log puts them there.
import { type Logger, pino } from "pino";
import { lineFormatters } from "./report.js";

export type LineWriter = {
  readonly logger: Logger;
  /** The lines since the last call, each with its line end. */
  take(): string;
};

export function makeLineWriter(level: string): LineWriter {
  let lines = "";
  const collect = {
    write(line: string) {
      lines += line;
    },
  };
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: lineFormatters };
  return {
    logger: pino(options, collect),
    take() {
      const taken = lines;
      lines = "";
      return taken;
    },
  };
}
