// `npm run mock`: the mock provider by itself, OpenAI-shaped on 3001 and Azure-shaped on 3002 unless told otherwise.
import { parseArgs } from "node:util";
import { startMockProvider } from "./mock-provider.js";
import type { ReceivedRequest } from "./received-requests.js";

const usage = `Usage: npm run mock -- [--openai-port 3001] [--azure-port 3002] [--host 127.0.0.1] [--quiet]
Ports can also be given as MOCK_PORT_OPENAI and MOCK_PORT_AZURE.`;

function readArguments(): { openaiPort: number; azurePort: number; host: string; quiet: boolean } | string {
  try {
    const { values } = parseArgs({
      options: {
        "openai-port": { type: "string", default: process.env["MOCK_PORT_OPENAI"] ?? "3001" },
        "azure-port": { type: "string", default: process.env["MOCK_PORT_AZURE"] ?? "3002" },
        host: { type: "string", default: "127.0.0.1" },
        quiet: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return usage;
    const { host, quiet } = values;
    return { openaiPort: readPort(values["openai-port"]), azurePort: readPort(values["azure-port"]), host, quiet };
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n${usage}`;
  }
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new Error(`'${text}' is not a port`);
  return port;
}

function printLine(line: ReceivedRequest): void {
  const status = line.status ?? "-";
  console.log(`${line.method} ${line.path} ${status} ${line.sentBytes} bytes, ${line.outcome}`);
}

const read = readArguments();
if (typeof read === "string") {
  console.error(read);
  process.exitCode = read === usage ? 0 : 64;
} else {
  const shared = { host: read.host, receivedMax: 0, ...(read.quiet ? {} : { log: printLine }) };
  const openai = await startMockProvider({ ...shared, shape: "openai", port: read.openaiPort });
  const azure = await startMockProvider({ ...shared, shape: "azure", port: read.azurePort });
  console.log(`OpenAI shape        ${openai.url}/v1`);
  console.log(`Azure OpenAI shape  ${azure.url}`);
  const stop = (): void => {
    void Promise.all([openai.close(), azure.close()]).then(() => process.exit(0));
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
}
