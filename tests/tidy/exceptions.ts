// The frozen lists of the tidy tests. They may only shrink: an entry that is no longer needed fails the test.
import type { Frozen } from "./rules/sizes.js";

/** Path -> lines, for files above the bound. */
export const longFiles: Frozen = {};

/** `path name` -> lines, for functions above the bound. */
export const longFunctions: Frozen = {};

/** Source -> the test that covers it, where a pure unit test would prove nothing. */
export const coveredElsewhere: Readonly<Record<string, string>> = {
  "src/administer/database.ts": "tests/integration/administer.test.ts",
  "src/administer/demo-tenant.ts": "tests/conformance/process.test.ts",
  "src/administer/model-routes.ts": "tests/integration/administer.test.ts",
  "src/administer/provider-configs.ts": "tests/integration/administer.test.ts",
  "src/administer/refusal.ts": "tests/integration/administer.test.ts",
  "src/administer/tenants.ts": "tests/integration/administer.test.ts",
  "src/authenticate/change-feed.ts": "tests/conformance/isolation.test.ts",
  "src/chat-exchange.ts": "tests/conformance/outcomes.test.ts",
  "src/chat-targets.ts": "tests/conformance/equal-bytes.test.ts",
  "src/cli/key-command.ts": "tests/integration/administer.test.ts",
  "src/cli/provider-command.ts": "tests/integration/administer.test.ts",
  "src/cli/route-command.ts": "tests/integration/administer.test.ts",
  "src/cli/tenant-command.ts": "tests/integration/administer.test.ts",
  "src/fail-reply.ts": "tests/conformance/outcomes.test.ts",
  "src/forward/attempt.ts": "tests/integration/forward.test.ts",
  "src/forward/forward.ts": "tests/integration/forward.test.ts",
  "src/gateway.ts": "tests/conformance/front-end.test.ts",
  "src/hand-off/hand-off.ts": "tests/integration/lane-crash.test.ts",
  "src/hand-off/worker-calls.ts": "tests/conformance/isolation.test.ts",
  "src/health.ts": "tests/conformance/front-end.test.ts",
  "src/list-models.ts": "tests/conformance/openai-client.test.ts",
  "src/listen/listen.ts": "tests/conformance/front-end.test.ts",
  "src/listen/read-body.ts": "tests/conformance/front-end.test.ts",
  "src/listen/reply.ts": "tests/conformance/streaming.test.ts",
  "src/main.ts": "tests/conformance/process.test.ts",
  "src/open-database.ts": "tests/conformance/first-minute.test.ts",
  "src/postgres/embedded-binaries.ts": "tests/integration/postgres/embedded-postgres.test.ts",
  "src/postgres/embedded-place.ts": "tests/integration/postgres/embedded-processes.test.ts",
  "src/postgres/embedded-postgres.ts": "tests/integration/postgres/embedded-postgres.test.ts",
  "src/postgres/home-lock.ts": "tests/integration/postgres/home-lock.test.ts",
  "src/postgres/migrate.ts": "tests/integration/postgres/migrate.test.ts",
  "src/postgres/partitions.ts": "tests/integration/postgres/partitions.test.ts",
  "src/run-gateway.ts": "tests/conformance/process.test.ts",
  "src/start-mock.ts": "tests/conformance/process.test.ts",
  "src/start.ts": "tests/conformance/first-minute.test.ts",
  "workers/lane.ts": "tests/integration/lane.test.ts",
  "workers/persist/batch-write.ts": "tests/integration/persist.test.ts",
  "workers/persist/connection.ts": "tests/integration/persist.test.ts",
  "workers/persist/copy-traces.ts": "tests/integration/persist.test.ts",
  "workers/persist/set-aside.ts": "tests/integration/persist.test.ts",
  "workers/persist/writer.ts": "tests/integration/persist.test.ts",
  "workers/recorder.ts": "tests/integration/lane.test.ts",
};
