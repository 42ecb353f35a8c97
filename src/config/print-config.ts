// The configuration as text for a person or a program. Secrets are `[secret]`: their type sees to it.
import { stringify } from "yaml";
import type { Config } from "./config.js";

/** The configuration in effect, as YAML or as JSON, without any secret. */
export function printConfig(config: Config, form: "yaml" | "json" = "yaml"): string {
  const json = JSON.stringify(config, null, 2);
  return form === "json" ? json : stringify(JSON.parse(json)).trimEnd();
}
