// Holds what surrounds Loom against Loom: alerts and dashboards name metrics that exist, the compose file sets what the
// configuration knows, and promtool, where it is installed, proves every alert.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { knownNames } from "../../src/config/environment-names.js";
import { familyOf, type MetricName, metricTable } from "../../src/report/metric-table.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (name: string) => readFileSync(`${root}${name}`, "utf8");
const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;
const promtool = (...args: string[]) => {
  const { status, stderr, stdout } = spawnSync("promtool", args, { cwd: `${root}deploy/prometheus`, encoding: "utf8" });
  return { status, said: `${stdout}${stderr}` };
};

/** The metrics that an expression names, without the suffixes of a histogram. */
function metricsIn(expression: string): string[] {
  const found = expression.match(/\b(?:loom|gen_ai_client|process)_[a-z_]+\b(?=[{[)\s]|$)/g) ?? [];
  return found.map((name) => (name in metricTable ? name : name.replace(/_(bucket|sum|count)$/, "")));
}

/** Label names that an expression uses of a metric. */
function labelsIn(expression: string): string[] {
  return [...expression.matchAll(/([a-z_]+)=~?"/g)].map(([, label]) => label as string);
}

const known = (name: string): boolean => name in metricTable;
const allLabels = new Set([
  "job",
  "instance",
  ...Object.keys(metricTable).flatMap((n) => familyOf(n as MetricName).labels),
]);

describe("the alerts", () => {
  type Rule = { alert: string; expr: string; labels: { severity: string }; annotations: Record<string, string> };
  const { groups } = parse(read("deploy/prometheus/alerts.yml")) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);

  test("name metrics and labels that Loom has, and say what to do", () => {
    expect(rules.length).toBeGreaterThan(10);
    const named = rules.flatMap(({ expr }) => metricsIn(expr));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !known(name))).toEqual([]);
    expect(rules.flatMap(({ expr }) => labelsIn(expr)).filter((label) => !allLabels.has(label))).toEqual([]);
    for (const { alert, labels, annotations } of rules) {
      expect(["page", "ticket"], alert).toContain(labels.severity);
      expect(Object.keys(annotations), alert).toEqual(["summary", "action"]);
    }
  });

  test("are each proved to fire", () => {
    const proofs = read("deploy/prometheus/alerts.test.yml");
    for (const { alert } of rules) {
      expect(proofs, alert).toMatch(new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:`));
      expect(proofs, alert).toContain(`alertname: ${alert} }`);
    }
  });

  test.skipIf(!hasPromtool)("pass promtool's checks and their own tests", () => {
    expect(promtool("check", "config", "prometheus.yml")).toMatchObject({ status: 0 });
    expect(promtool("test", "rules", "alerts.test.yml")).toEqual({
      status: 0,
      said: expect.stringContaining("SUCCESS") as string,
    });
  });
});

describe("the dashboards", () => {
  type Target = { expr: string; datasource: { uid: string } };
  type Panel = { id: number; title: string; targets: Target[]; gridPos: { x: number; w: number } };
  type Dashboard = { uid: string; title: string; panels: Panel[] };
  const folder = "deploy/grafana/dashboards";
  const dashboards = readdirSync(`${root}${folder}`).map((name) => JSON.parse(read(`${folder}/${name}`)) as Dashboard);

  test("are two, with panels that ask for metrics that Loom has", () => {
    expect(dashboards.map(({ uid }) => uid).sort()).toEqual(["loom-cost", "loom-overview"]);
    for (const { panels } of dashboards) {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      for (const { title, targets, gridPos } of panels) {
        expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
        for (const { expr } of targets) {
          expect(metricsIn(expr).length, expr).toBeGreaterThan(0);
          expect(
            metricsIn(expr).filter((name) => !known(name)),
            title,
          ).toEqual([]);
          expect(
            labelsIn(expr).filter((label) => !allLabels.has(label)),
            title,
          ).toEqual([]);
        }
      }
    }
  });

  test("use the sources that are provisioned", () => {
    const { datasources } = parse(read("deploy/grafana/provisioning/datasources/loom.yml")) as {
      datasources: { uid: string }[];
    };
    const uids = datasources.map(({ uid }) => uid);
    const used = dashboards.flatMap(({ panels }) =>
      panels.flatMap(({ targets }) => targets.map((t) => t.datasource.uid)),
    );
    expect(new Set(used)).toEqual(new Set(["loom-prometheus"]));
    expect(uids).toEqual(["loom-prometheus", "loom-jaeger"]);
  });

  test.skipIf(!hasPromtool)("ask in words that Prometheus understands", () => {
    const exprs = dashboards.flatMap(({ panels }) => panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)));
    const rules = exprs.map((expr, n) => ({
      record: `check:${n}`,
      expr: expr.replaceAll("$__rate_interval", "5m").replaceAll("$instance", ".*"),
    }));
    const folder = mkdtempSync(join(tmpdir(), "loom-dashboards-"));
    const file = join(folder, "rules.json");
    writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboards", rules }] }));
    const { status, said } = promtool("check", "rules", "--lint=none", file);
    rmSync(folder, { recursive: true });
    expect(said).toContain(`SUCCESS: ${exprs.length} rules found`);
    expect(status).toBe(0);
  });
});

describe("docker-compose.observability.yml", () => {
  type Service = { image?: string; environment?: Record<string, string>; ports?: string[]; volumes?: string[] };
  const text = read("docker-compose.observability.yml");
  const { services, volumes } = parse(text) as { services: Record<string, Service>; volumes: Record<string, null> };

  test("adds Jaeger, Prometheus and Grafana beside the base file, and tells Loom of Jaeger", () => {
    expect(Object.keys(services)).toEqual(["loom", "jaeger", "prometheus", "grafana"]);
    expect(Object.keys(services["loom"]?.environment ?? {}).filter((name) => !knownNames().includes(name))).toEqual([]);
    expect(services["loom"]?.environment?.["OTEL_EXPORTER_OTLP_ENDPOINT"]).toBe("http://jaeger:4318");
  });

  test("pins images, publishes to this machine only, and mounts what is there", () => {
    for (const [name, { image, ports = [], volumes: mounts = [] }] of Object.entries(services)) {
      if (name !== "loom") expect(image, name).toMatch(/:v?\d+\.\d+\.\d+$/);
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
      for (const mount of mounts) {
        const [source = ""] = mount.split(":");
        if (source.startsWith("./")) expect(existsSync(`${root}${source}`), source).toBe(true);
        else expect(Object.keys(volumes)).toContain(source);
      }
    }
  });

  test("has a Jaeger that listens where Loom sends", () => {
    const jaeger = parse(read("otel/jaeger.yaml")) as Record<string, Record<string, { protocols: object }>>;
    expect(Object.keys(jaeger["receivers"]?.["otlp"]?.protocols ?? {})).toEqual(["grpc", "http"]);
    expect(services["jaeger"]?.environment?.["JAEGER_LISTEN_HOST"]).toBe("0.0.0.0");
    expect(parse(read("otel/collector.yaml"))).toHaveProperty("service.pipelines.traces");
  });
});
