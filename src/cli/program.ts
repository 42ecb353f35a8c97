// The command line: builds the commands, runs one, and turns what went wrong into one clear line and an exit code.
import { Command, CommanderError } from "commander";
import { Refusal } from "../administer/refusal.js";
import { ConfigFaults } from "../config/config-faults.js";
import { addAuditCommand } from "./audit-command.js";
import { addConfigCommand } from "./config-command.js";
import { addDeadCommand } from "./dead-command.js";
import { addDoctorCommand } from "./doctor-command.js";
import { addKeyCommand } from "./key-command.js";
import { addKeysMasterCommand } from "./keys-master-command.js";
import { EndWith, exitCodes, type ProgramTools, UsageFault } from "./program-tools.js";
import { addProviderCommand } from "./provider-command.js";
import { addRetentionCommand } from "./retention-command.js";
import { addRouteCommand } from "./route-command.js";
import { addSeedCommand } from "./seed-command.js";
import { addMigrateCommand, addStartCommand } from "./start-command.js";
import { addTenantCommand } from "./tenant-command.js";

const examples = `
Examples:
  $ loom start                                    a gateway with its own database on 127.0.0.1:8080
  $ loom tenant create acme                       a tenant ...
  $ loom key create --tenant acme --expires 90d   ... its key ...
  $ loom provider set openai --tenant acme --api-key-stdin < key.txt   ... and its provider
  $ loom config check                             every fault of the configuration at once

Exit codes: 0 done, 1 failed, 2 wrong use, 78 wrong configuration.`;

/** All commands of `loom`. Nothing happens before a command is parsed. */
export function buildProgram(tools: ProgramTools): Command {
  const program = new Command("loom")
    .description("An OpenAI-compatible gateway that records every request, encrypted.")
    .version(tools.version, "-V, --version", "print the version")
    .exitOverride()
    .showHelpAfterError("(add --help for how it is used)")
    .configureOutput({
      writeOut: (text) => tools.write(text),
      writeErr: (text) => tools.writeError(text),
      getOutHasColors: () => tools.colours.out,
      getErrHasColors: () => tools.colours.error,
    })
    .configureHelp({ styleTitle: (title) => `\u001b[1m${title}\u001b[22m` })
    .addHelpText("after", examples);
  addStartCommand(program, tools);
  addMigrateCommand(program, tools);
  addTenantCommand(program, tools);
  addKeyCommand(program, tools);
  addKeysMasterCommand(program, tools);
  addProviderCommand(program, tools);
  addRouteCommand(program, tools);
  addRetentionCommand(program, tools);
  addDeadCommand(program, tools);
  addAuditCommand(program, tools);
  addConfigCommand(program, tools);
  addSeedCommand(program, tools);
  addDoctorCommand(program, tools);
  return program;
}

/** Runs the command of `args` (without the interpreter and the script); never throws. Returns the exit code. */
export async function runProgram(tools: ProgramTools, args: readonly string[]): Promise<number> {
  try {
    await buildProgram(tools).parseAsync([...args], { from: "user" });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof EndWith) return error.exitCode;
    // commander has written its own line, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    tools.writeError(`${tools.colours.error ? "\u001b[31merror:\u001b[39m" : "error:"} ${describe(error)}\n`);
    if (error instanceof ConfigFaults) return exitCodes.configuration;
    return error instanceof UsageFault ? exitCodes.usage : exitCodes.failed;
  }
}

function describe(error: unknown): string {
  if (error instanceof Refusal) return `${error.message} ${error.fix}`;
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${reasonOf(error.cause)})` : "";
  return `${reasonOf(error)}${cause}`;
}

// A refused connection to a name with two addresses is an AggregateError without a message.
function reasonOf(error: Error): string {
  if (error.message !== "") return error.message;
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return inner instanceof Error ? inner.message : error.name;
}
