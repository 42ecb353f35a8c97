import { expect, it } from "vitest";
import { SpoolClaims } from "../../../../src/supervise/spool-claims.js";

const folder = (boot: string, lane = 0) => `/home/spool/node/${boot}/lane-${lane}`;

it("gives what dead processes left to the first that starts, and to no other", () => {
  const claims = new SpoolClaims(() => [folder("dead", 0), folder("dead", 1)]);
  expect(claims.take("one")).toEqual([folder("dead", 0), folder("dead", 1)]);
  expect(claims.take("two")).toEqual([]);
});

it("never gives away the folder of a process that lives", () => {
  const there: string[] = [];
  const claims = new SpoolClaims(() => there);
  claims.take("one");
  there.push(folder("one"));
  expect(claims.take("two")).toEqual([]);
  claims.release("one");
  expect(claims.take("three")).toEqual([folder("one")]);
});

it("frees what a process had taken and not finished when it died", () => {
  const claims = new SpoolClaims(() => [folder("dead")]);
  claims.take("one");
  claims.release("one");
  expect(claims.take("two")).toEqual([folder("dead")]);
});
