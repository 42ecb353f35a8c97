// The provider's process as a scenario holds it, and its file as the verdict reads it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { inject } from "vitest";
import type {} from "./global-provider.js";

/** What the provider's file says of one id. */
export type ProviderNote = {
  /** How often the request arrived whole. */
  received: number;
  /** Whether its question was the client's, each time. */
  isSame: boolean;
  sentBytes: number;
};

export type ProviderProcess = {
  readonly url: string;
  readonly child: ChildProcess;
  readNotes(): Map<string, ProviderNote>;
  stop(): Promise<void>;
};

export async function startProvider(file: string): Promise<ProviderProcess> {
  const child = spawn(process.execPath, [inject("faultProvider"), file], { stdio: ["pipe", "pipe", "inherit"] });
  const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return {
    url,
    child,
    readNotes: () => readNotes(readFileSync(file, "utf8")),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}

function readNotes(text: string): Map<string, ProviderNote> {
  const notes = new Map<string, ProviderNote>();
  for (const line of text.split("\n")) {
    const [what, id = "", value] = line.split(" ");
    let found = notes.get(id);
    if (found === undefined) {
      if (what !== "received") continue;
      found = { received: 0, isSame: true, sentBytes: 0 };
      notes.set(id, found);
    }
    if (what === "received") {
      found.received += 1;
      found.isSame &&= value === "same";
    } else if (what === "sent") found.sentBytes = Math.max(found.sentBytes, Number(value));
  }
  return notes;
}
