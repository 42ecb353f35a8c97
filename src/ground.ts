// What a gateway stands on and nothing of Loom's own path is needed for: the home, the addon, the keys, the mock
// provider, the database. A process alone opens all of it; one of several joins what their supervisor has opened.
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { Config, ProviderSettings } from "./config/config.js";
import { splitKeys } from "./keys/key-text.js";
import { type KeyWatch, watchMasterKeys } from "./keys/key-watch.js";
import { masterKeySource } from "./keys/master-key-source.js";
import { type FrontEnd, openFrontEnd } from "./listen/front-end.js";
import { type OpenedDatabase, openDatabase } from "./open-database.js";
import type { Opened } from "./opened.js";
import { lockHome } from "./postgres/home-lock.js";
import type { Report } from "./report/report.js";
import { startMock } from "./start-mock.js";
import type { ProcessPlace, SharedGround } from "./supervise/messages.js";

export type Ground = {
  readonly frontEnd: FrontEnd;
  readonly masterKeys: KeyWatch;
  readonly database: OpenedDatabase;
  readonly mock: ProviderSettings;
  readonly place: ProcessPlace;
};

/** All of it but the front end, for one gateway or several. The home is locked from here on. */
export async function openSharedGround(config: Config, report: Report, opened: Opened) {
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const lock = await lockHome(config.home);
  opened.add(() => lock.release());
  const frontEnd = chooseFrontEnd(config);
  const masterKeys = await watchKeys(config, report);
  opened.add(() => masterKeys.stop());
  const startingMock = startMock();
  opened.add(async () => (await startingMock).stop());
  const database = await openDatabase(config, {
    onEvent: (event) => report.logger.warn(event, event.name),
    mayBeAway: true,
    onFault: (error) => report.logger.error({ err: error }, "migration_failed"),
  });
  opened.add(() => database.stop());
  return { frontEnd, masterKeys, database, mock: (await startingMock).settings };
}

/** For a process alone: nobody else uses its home or its port. */
export async function openGround(config: Config, report: Report, opened: Opened): Promise<Ground> {
  const ground = await openSharedGround(config, report, opened);
  return { ...ground, place: { slot: 0, slots: 1, bootId: randomUUID(), adopt: null, port: config.listen.port } };
}

/** For one of several processes, whose supervisor holds the home. */
export async function joinGround(config: Config, report: Report, shared: SharedGround, opened: Opened) {
  const { database, mock, place } = shared;
  const masterKeys = await watchKeys(config, report);
  opened.add(() => masterKeys.stop());
  const frontEnd = chooseFrontEnd(config);
  return {
    frontEnd,
    masterKeys,
    // Whoever opened it migrates it and stops it.
    database: { ...database, applied: [], stop: () => Promise.resolve() },
    mock: { ...mock, credential: null },
    place,
  } satisfies Ground;
}

function chooseFrontEnd(config: Config): FrontEnd {
  return openFrontEnd({
    home: config.home,
    acceptedSha256: config.frontEndSha256,
    asked: config.listen.frontEnd,
  });
}

async function watchKeys(config: Config, report: Report): Promise<KeyWatch> {
  const masterKeys = await watchMasterKeys(masterKeySource(config), {
    onFault(error) {
      const reason = error instanceof Error ? error.message : String(error);
      report.emit({ name: "master_keys_unusable", reason });
    },
  });
  masterKeys.onChange((keys) => {
    report.emit({ name: "master_keys_changed", versions: splitKeys(keys.reveal()).map(({ version }) => version) });
  });
  return masterKeys;
}
