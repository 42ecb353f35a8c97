// The provider of a fault run, in a process of its own: answers each request as its plan says and writes down, in a
// file that is only ever appended to, every request that it received and every byte that it sent.
//   received <id> <same|changed>     sent <id> <bytes so far>     whole <id>     left <id>
import { closeSync, openSync, writeSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { answerPieces, type ExchangePlan, isSameQuestion, readPlan } from "../support/plan.js";

const [, , file = ""] = process.argv;
const log = openSync(file, "a", 0o600);

function note(line: string): void {
  writeSync(log, `${line}\n`);
}

async function answer(plan: ExchangePlan, response: ServerResponse): Promise<void> {
  if (plan.headMs > 0) await sleep(plan.headMs);
  const pieces = answerPieces(plan);
  const total = pieces.reduce((bytes, piece) => bytes + piece.length, 0);
  response.writeHead(
    200,
    plan.streamed
      ? { "content-type": "text/event-stream", "cache-control": "no-cache" }
      : { "content-type": "application/json", "content-length": total },
  );
  response.flushHeaders();
  let sent = 0;
  for (const [index, piece] of pieces.entries()) {
    if (index > 0 && plan.gapMs > 0) await sleep(plan.gapMs);
    if (response.destroyed) return;
    const room = plan.cutAt === null ? piece.length : Math.min(piece.length, plan.cutAt - sent);
    sent += room;
    // Written down before it is sent: the file may say more than Loom got, never less.
    note(`sent ${plan.id} ${sent}`);
    const flowing = response.write(piece.subarray(0, room));
    if (plan.cutAt !== null && sent >= plan.cutAt) {
      // Until the kernel has it; a reset at once would take back what was sent.
      await sleep(5);
      response.destroy();
      return;
    }
    // Asked again and again: listeners for both ways out would pile up on a long answer.
    while (!flowing && response.writableNeedDrain && !response.destroyed) await sleep(2);
  }
  note(`whole ${plan.id}`);
  response.end();
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

const server = createServer((request, response) => {
  readBody(request)
    .then(
      async (body) => {
        const plan = readPlan(body);
        note(`received ${plan.id} ${isSameQuestion(body, plan) ? "same" : "changed"}`);
        response.once("close", () => response.writableFinished || note(`left ${plan.id}`));
        await answer(plan, response);
      },
      () => response.destroy(),
    )
    .catch(() => response.destroy());
});
server.requestTimeout = 0;
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", 1024, () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
// The test that started it is gone: so is its reason.
process.stdin.on("end", () => {
  closeSync(log);
  process.exit(0);
});
process.stdin.resume();
