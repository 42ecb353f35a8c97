// The first settings of a new database follow the machine's memory within bounds.
import { describe, expect, it } from "vitest";
import { chooseSettings } from "../../../../src/postgres/embedded-cluster.js";

const GiB = 1024 ** 3;

describe("embedded-cluster", () => {
  it.each([
    [0.5, "64MB"],
    [4, "128MB"],
    [64, "256MB"],
  ])("a machine of %f GiB gets %s of buffers", (gibibytes, buffers) => {
    expect(chooseSettings(gibibytes * GiB)["shared_buffers"]).toBe(buffers);
  });

  it("keeps the server's clock in UTC", () => {
    expect(chooseSettings(GiB)).toMatchObject({ timezone: "UTC", log_timezone: "UTC" });
  });
});
