// Opens what checks client keys: the cache, its look-ups, its snapshot, and the feed that keeps it true.
import { Authenticator } from "./authenticate/authenticate.js";
import { openChangeFeed } from "./authenticate/change-feed.js";
import { loadCaller, type OpenCredential } from "./authenticate/load-caller.js";
import type { Config } from "./config/config.js";
import { openWorkerCalls } from "./hand-off/worker-calls.js";
import { keepSnapshot } from "./keep-snapshot.js";
import type { KeyWatch } from "./keys/key-watch.js";
import { openWithKeys } from "./keys/open-with-keys.js";
import { openPool } from "./postgres/connect.js";
import type { Report } from "./report/report.js";

const authConnections = 4;

export type AuthenticationGround = {
  readonly database: { readonly url: string };
  readonly masterKeys: KeyWatch;
  /** Which of how many processes of the home this is. */
  readonly place: { readonly slot: number; readonly slots: number };
};

/** Keys and settings: the pool, the cache, and the feed that keeps the cache true. */
export async function openAuthentication(
  config: Config,
  report: Report,
  { database, masterKeys, place }: AuthenticationGround,
  opened: { add(close: () => unknown): void },
  changes: { onTenant(tenantId: string, strict: boolean): void; onGap(): void },
) {
  const { emit } = report;
  const pool = openPool({
    url: database.url,
    max: authConnections,
    applicationName: "loom gateway",
    role: "loom_authenticator",
  });
  opened.add(() => pool.end());
  const credentials = openWorkerCalls(new URL("../workers/credentials.js", import.meta.url));
  opened.add(() => credentials.stop());
  const openCredential: OpenCredential = (sealed) =>
    openWithKeys(masterKeys, (keys) =>
      credentials.call<string>("openCredential", {
        ...sealed,
        sealed: Buffer.from(sealed.sealed, "base64"),
        masterKeys: keys,
      }),
    );
  const authenticator = new Authenticator({
    ...config.auth,
    load: (keyHash) => loadCaller(pool, keyHash, openCredential, emit),
    now: () => performance.now(),
  });
  const snapshot = await keepSnapshot({
    home: config.home,
    place,
    authenticator,
    worker: credentials,
    masterKeys: () => masterKeys.keys.reveal(),
    onFailure: (reason) => report.logger.warn({ reason }, "key_snapshot_failed"),
  });
  opened.add(() => snapshot.stop());
  const listener = {
    onChange(tenantId: string, strict: boolean) {
      authenticator.noteChange(tenantId, strict);
      snapshot.noteChange();
      changes.onTenant(tenantId, strict);
    },
    onGap() {
      authenticator.noteGap();
      changes.onGap();
    },
  };
  const feed = await openChangeFeed(database.url, listener, emit);
  opened.add(() => feed.stop());
  return { authenticator, feed, pool };
}
