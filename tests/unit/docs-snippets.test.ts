// Holds the pages against the code: settings, variables, commands, the banner, scripts and links that they name.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { makeBanner } from "../../src/banner.js";
import { buildProgram } from "../../src/cli/program.js";
import type { Config } from "../../src/config/config.js";
import { configJsonSchema } from "../../src/config/config-json-schema.js";
import { configFileName, environmentNames } from "../../src/config/environment-names.js";
import { readConfig } from "../../src/config/read-config.js";
import { makeTools } from "./src/cli/fake-tools.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const surroundings = { env: {}, cwd: "/home/you/loom", uid: 1000, cores: 2 };

const pages = [
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"],
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path}`),
];

/** The blocks of a page in one language. */
function blocks(page: string, language: string): string[] {
  const found = page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"));
  return [...found].map((match) => match[1] ?? "");
}

/** The cells of the first table whose header begins with `heading`, without their backticks where a cell is one name. */
function table(page: string, heading: string): string[][] {
  const lines = page.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  const end = lines.findIndex((line, at) => at > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) => {
    const cells = line.split("|").slice(1, -1);
    return cells.map((cell) => cell.trim().replace(/^`([^`]*)`$/, "$1"));
  });
}

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
};

/** The dotted names of a schema's leaves; a provider's name is `<name>`. */
function leaves(schema: Schema, path = ""): string[] {
  const inner = schema.additionalProperties;
  if (typeof inner === "object" && inner.properties !== undefined) return leaves(inner, `${path}.<name>`);
  if (schema.properties === undefined) return [path];
  return Object.entries(schema.properties).flatMap(([name, child]) =>
    leaves(child, path === "" ? name : `${path}.${name}`),
  );
}

function readExample(yaml: string): Config {
  const folder = mkdtempSync(join(tmpdir(), "loom-docs-"));
  try {
    const file = join(folder, "loom.yaml");
    writeFileSync(file, yaml);
    return readConfig({ ...surroundings, overrides: { file } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("docs/configuration.md", () => {
  const page = read("docs/configuration.md");

  test("has an example that Loom takes as it is", () => {
    const [example = ""] = blocks(page, "yaml");
    const config = readExample(example);
    expect(config.listen).toMatchObject({ host: "0.0.0.0", port: 8080, chunkedRequests: "accept" });
    expect(config.providers.map(({ kind }) => kind)).toEqual(["openai", "azure-openai", "openai-compatible"]);
    expect(config.routes["strong"]).toEqual(["azure-openai/gpt-4o", "openai/gpt-4o"]);
  });

  test("names every field of loom.yaml, and no other", () => {
    const named = table(page, "field").map(([field]) => field);
    expect(named.length).toBeGreaterThan(20);
    expect(new Set(named)).toEqual(new Set(leaves(configJsonSchema() as Schema)));
  });

  test("gives the defaults that are in effect", () => {
    const config = readConfig(surroundings);
    const env = { LOOM_KEYS_SOURCE: "vault", LOOM_VAULT_ADDRESS: "http://vault", LOOM_VAULT_TOKEN: "t" };
    const withVault = readConfig({ ...surroundings, env });
    const plain = table(page, "field").filter(([, value]) =>
      /^(\d+|refuse|process|local|transit|loom|info|127\.0\.0\.1)$/.test(value ?? ""),
    );
    expect(plain.length).toBeGreaterThan(12);
    for (const [field = "", value] of plain) {
      const inEffect = field
        .split(".")
        .reduce<unknown>(
          (node, part) => (node as Record<string, unknown>)[part],
          field.startsWith("keys.vault.") ? withVault : config,
        );
      expect(String(inEffect), field).toBe(value);
    }
  });

  test("names every variable with its field", () => {
    const named = table(page, "variable").map(([name, field, file]) => [
      name,
      field?.split("`")[field.includes("`") ? 1 : 0] || field,
      file,
    ]);
    const known = Object.entries(environmentNames).map(([name, { path, secret }]) => [
      name,
      path.join("."),
      secret === true ? `${name}_FILE` : "",
    ]);
    expect(named.slice(0, -1)).toEqual(known);
    expect(named.at(-1)?.[0]).toBe(configFileName);
  });
});

describe("README.md", () => {
  test("shows the banner as it is printed", () => {
    const home = "/home/you/loom/.loom";
    const { version } = JSON.parse(read("package.json")) as { version: string };
    const banner = makeBanner(readConfig(surroundings), {
      version,
      readyMs: 1600,
      url: "http://127.0.0.1:8080",
      frontEnd: "uWebSockets.js 20.57.0 (compatible copy for glibc 2.36)",
      database: "embedded PostgreSQL 18.4 (trial and single-node use; DATABASE_URL for your own)",
      home,
      madeDatabase: true,
      keyFileMade: `${home}/master-keys`,
      demo: { key: "sk-loom-DEMO", file: `${home}/demo.json` },
      notes: [],
    });
    expect(read("README.md")).toContain(`\`\`\`\n${banner}\`\`\`\n`);
  });

  test("has a loom.yaml that Loom takes as it is", () => {
    const [example = ""] = blocks(read("README.md"), "yaml");
    const config = readExample(example);
    expect(config.providers.map(({ name, kind }) => [name, kind])).toEqual([
      ["openai", "openai"],
      ["groq", "openai-compatible"],
    ]);
  });
});

describe("docs/cli.md", () => {
  test("names every command", () => {
    const { commands } = buildProgram(makeTools().tools);
    const names = commands.flatMap((command) =>
      command.commands.length === 0
        ? [`loom ${command.name()}`]
        : command.commands.map((inner) => `loom ${command.name()} ${inner.name()}`),
    );
    expect(names.length).toBeGreaterThan(10);
    const page = read("docs/cli.md");
    expect(names.filter((name) => !page.includes(`\`${name}`))).toEqual([]);
  });
});

describe("every page", () => {
  test("links to files that are there", () => {
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
        .map((match) => match[1] ?? "")
        .filter((target) => !existsSync(join(root, dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    );
    expect(pages.length).toBeGreaterThan(15);
    expect(broken).toEqual([]);
  });

  test("names scripts and files of the repository that are there", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const missing = pages.flatMap((page) => {
      const text = read(page);
      const runs = [...text.matchAll(/npm run ([a-z]+)/g)].filter(([, name = ""]) => !(name in scripts));
      const paths = [...text.matchAll(/`((?:src|workers|bench|tests|bin|docs|migrations)\/[\w./-]*)`/g)];
      const gone = paths.filter(([, path = ""]) => !existsSync(join(root, path)));
      return [...runs, ...gone].map(([, name]) => `${page}: ${name}`);
    });
    expect(missing).toEqual([]);
  });
});
