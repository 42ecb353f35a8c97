import { describe, expect, test } from "vitest";
import { writeConfig as writeBifrostConfig } from "../../../../bench/peers/bifrost.js";
import { writeConfig as writeLitellmConfig } from "../../../../bench/peers/litellm.js";
import { describePeer, type Peer, startPeers } from "../../../../bench/peers/peer.js";
import { renameModel } from "../../../../bench/world.js";

const place = { home: "/nowhere", peersHome: "/nowhere", upstreamUrl: "http://127.0.0.1:1" };
const running = {
  target: { name: "good", url: "", key: "", meter: () => ({}) },
  version: "1.2",
  does: "Something.",
  lacks: "something else.",
  stop: () => Promise.resolve(),
};
const peers: readonly Peer[] = [
  { name: "absent", start: () => Promise.resolve(null) },
  { name: "broken", start: () => Promise.reject(new Error("It ended.")) },
  { name: "good", start: () => Promise.resolve(running) },
];

describe("peers", () => {
  test("that are absent or broken are told of, and keep no other from running", async () => {
    const reports = await startPeers(peers, place);
    expect(reports.map(describePeer)).toEqual([
      "absent: not installed",
      "broken: does not start. It ended.",
      "good 1.2: Something. Lacks: something else.",
    ]);
  });

  test("are pointed at the mock", () => {
    expect(writeLitellmConfig("http://127.0.0.1:7")).toContain('api_base: "http://127.0.0.1:7/v1"');
    const { providers } = JSON.parse(writeBifrostConfig("http://127.0.0.1:7", "/tmp/logs.db"));
    expect(providers.openai.network_config.base_url).toBe("http://127.0.0.1:7");
  });

  test("get models by the names that they know", () => {
    const body = renameModel('{"model":"stream","stream":true}', (model) => `openai/${model}`);
    expect(JSON.parse(body)).toEqual({ model: "openai/stream", stream: true });
  });
});
