// Where the embedded PostgreSQL lives: in the home where its user can get there, else in a folder of its own that the
// home remembers. Its socket lies in a folder that only its user can enter, with a path short enough for a socket.
import { createHash } from "node:crypto";
import { chmod, chown, lstat, mkdir, readFile, realpath, rename, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { chooseServerUser, findClosedFolder, type ServerUser } from "./server-user.js";

export type EmbeddedPlace = {
  /** Holds the programs, `data` and usually `socket`. */
  readonly root: string;
  readonly dataDir: string;
  readonly logFile: string;
  /** null: the user of this process. */
  readonly user: ServerUser | null;
  /** What the operator should know about the choice. */
  readonly notes: readonly string[];
};

/** The file in the home that names the root when it is elsewhere. */
const locationFile = "location";

/** sun_path holds 108 bytes on Linux and 104 on macOS, with the closing zero. */
const socketPathBytesMax = 103;
export const socketPort = 5432;

/** Where the server of a home is, without making anything; the path of a home that was never used still resolves. */
export async function findRoot(home: string): Promise<string> {
  const inside = join(await realpath(home).catch(() => home), "postgres");
  return (await readLocation(inside)) ?? inside;
}

/** Makes the folders that the server needs and decides who runs it. */
export async function preparePlace(home: string): Promise<EmbeddedPlace> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const realHome = await realpath(home);
  // initdb hands its own path to a shell, between double quotes.
  if (/["$`\\\n]/.test(realHome)) {
    throw new Error(
      `PostgreSQL cannot live in ${realHome}: its path has one of the characters " $ \` \\. Choose another LOOM_HOME.`,
    );
  }
  const inside = join(realHome, "postgres");
  await mkdir(inside, { recursive: true, mode: 0o700 });
  const root = await findRoot(home);
  const logFile = join(inside, "log");
  const user = await chooseServerUser(join(root, "data"));
  if (user === null) return { root, dataDir: join(root, "data"), logFile, user, notes: [] };
  if (root !== inside) {
    return { root, dataDir: join(root, "data"), logFile, user, notes: [`The database is in ${root}.`] };
  }
  await openFolder(realHome);
  await openFolder(inside);
  const closed = await findClosedFolder(inside, user);
  if (closed === null) return { root, dataDir: join(root, "data"), logFile, user, notes: [] };
  if ((await stat(join(inside, "data")).catch(() => null)) !== null) {
    throw new Error(
      `The database in ${inside} belongs to ${user.name}, who cannot enter ${closed}. Run "chmod o+x ${closed}", or move the home back.`,
    );
  }
  const outside = await makeOutsideRoot(realHome, inside, user);
  const note = `PostgreSQL does not run as root and ${user.name} cannot enter ${closed}: the database is in ${outside}.`;
  return { root: outside, dataDir: join(outside, "data"), logFile, user, notes: [note] };
}

/** Lets others pass through (not look into) a folder that is ours. */
async function openFolder(path: string): Promise<void> {
  const { mode, uid } = await stat(path);
  if (uid === process.getuid?.() && (mode & 0o111) !== 0o111) await chmod(path, (mode & 0o777) | 0o111);
}

async function readLocation(inside: string): Promise<string | null> {
  const text = await readFile(join(inside, locationFile), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return text.trim() === "" ? null : text.trim();
}

/** A new folder named after the home. One that a removed home of the same name left behind is never used again. */
async function makeOutsideRoot(home: string, inside: string, user: ServerUser): Promise<string> {
  const name = hashPath(home);
  for (const base of ["/var/lib/loom", join(await realpath(tmpdir()), "loom"), "/tmp/loom"]) {
    // Not writable here (a read-only system): the next one is tried.
    const made = await mkdir(base, { recursive: true, mode: 0o711 }).catch(() => null);
    // In a folder that everybody may write to, somebody else may have been first.
    if (made === null || (await lstat(base)).uid !== 0) continue;
    await openFolder(base);
    if ((await findClosedFolder(base, user)) !== null) continue;
    for (let number = 1; ; number += 1) {
      const root = join(base, number === 1 ? name : `${name}-${number}`);
      if (!(await makeNewFolder(root, 0o711))) continue;
      const draft = join(inside, `${locationFile}.new`);
      await writeFile(draft, `${root}\n`);
      await rename(draft, join(inside, locationFile));
      return root;
    }
  }
  throw new Error(`No folder was found that ${user.name} can enter. Choose another LOOM_HOME, or set DATABASE_URL.`);
}

async function makeNewFolder(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    // The umask may have taken bits away.
    await chmod(path, mode);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Makes the folder of the socket: mode 0700, owned by the server's user, and so the only thing that guards it. */
export async function prepareSocketFolder(place: EmbeddedPlace): Promise<string> {
  const name = `loom-${hashPath(place.dataDir)}`;
  const uid = place.user?.uid ?? process.getuid?.() ?? -1;
  const candidates = [join(place.root, "socket"), join(tmpdir(), name), join("/tmp", name)];
  for (const folder of candidates) {
    if (Buffer.byteLength(join(folder, `.s.PGSQL.${socketPort}`)) > socketPathBytesMax) continue;
    if (place.user !== null && (await findClosedFolder(await realpath(dirname(folder)), place.user)) !== null) continue;
    const isNew = await makeNewFolder(folder, 0o700);
    if (isNew && place.user !== null) await chown(folder, place.user.uid, place.user.gid);
    const found = await lstat(folder);
    if (!found.isDirectory() || found.uid !== uid) continue;
    await chmod(folder, 0o700);
    return folder;
  }
  throw new Error(`No folder for the database's socket could be made; tried ${candidates.join(", ")}.`);
}

function hashPath(path: string): string {
  return createHash("sha256").update(path).digest("hex").slice(0, 12);
}
