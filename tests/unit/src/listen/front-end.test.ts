import { describe, expect, it } from "vitest";
import { openFrontEnd } from "../../../../src/listen/front-end.js";
import { AddonUnavailable, type LoadedAddon } from "../../../../src/listen/native-addon.js";

const options = { home: "/nowhere", acceptedSha256: null };
const fails = (): never => {
  throw new AddonUnavailable("this system has no glibc (musl?).", "Run it elsewhere.");
};
const loads = (): LoadedAddon => ({ addon: {} as LoadedAddon["addon"], description: "the addon" });

describe("the front end", () => {
  it("is the native one where its addon loads", () => {
    expect(openFrontEnd({ asked: null, ...options }, loads)).toMatchObject({
      name: "native",
      description: "the addon",
      notice: null,
    });
  });

  it("is node:http where the addon cannot load, and says so in one line", () => {
    const { name, description, notice } = openFrontEnd({ asked: null, ...options }, fails);
    expect([name, description]).toEqual(["node", `node:http of Node ${process.version}`]);
    expect(notice).toMatch(/^node:http serves.*this system has no glibc/);
    expect(notice).not.toContain("\n");
  });

  it("is what the operator names, or nothing", () => {
    expect(openFrontEnd({ asked: "node", ...options }, fails)).toMatchObject({ name: "node", notice: null });
    expect(() => openFrontEnd({ asked: "native", ...options }, fails)).toThrow("this system has no glibc");
  });

  it("does not hide a fault that is not the addon's", () => {
    const breaks = (): never => {
      throw new Error("the disk is full");
    };
    expect(() => openFrontEnd({ asked: null, ...options }, breaks)).toThrow("the disk is full");
  });
});
