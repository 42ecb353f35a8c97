// Whether the OpenTelemetry collector that is configured can be reached; `loom doctor` asks.
import { connect } from "node:net";
import type { Config } from "./config/config.js";

const connectMsMax = 2000;
const defaultPorts: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** Where spans go, else where metrics go; null when nothing is exported. Throws a TypeError for what is no URL. */
export function collectorOf({ otel }: Pick<Config, "otel">): URL | null {
  const signal = otel.traces !== null ? "TRACES" : otel.metrics !== null ? "METRICS" : null;
  if (signal === null) return null;
  const own = otel.environment[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`];
  const endpoint = (own ?? otel.environment["OTEL_EXPORTER_OTLP_ENDPOINT"])?.reveal();
  // gRPC endpoints may be given without a scheme.
  return endpoint === undefined ? null : new URL(endpoint.includes("://") ? endpoint : `http://${endpoint}`);
}

/** Resolves to null when something listens there, else to why it cannot be told that anything does. */
export function tryToConnect(url: URL): Promise<string | null> {
  const port = Number(url.port) || (defaultPorts[url.protocol] ?? 0);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectMsMax });
    const settle = (reason: string | null) => {
      socket.destroy();
      resolve(reason);
    };
    socket.once("connect", () => settle(null));
    socket.once("timeout", () => settle(`no answer within ${connectMsMax / 1000} s`));
    socket.once("error", (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
  });
}
