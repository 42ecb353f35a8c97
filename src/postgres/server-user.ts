// PostgreSQL refuses to run as root. When Loom runs as root, the server runs as a user that the machine already has;
// Loom never makes one.
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";

export type ServerUser = { readonly name: string; readonly uid: number; readonly gid: number };

/** Users that may run the server, best first. */
const candidates = ["postgres", "_postgres", "nobody"];

/**
 * Who runs the server: null means the user of this process.
 * An existing database folder decides, since PostgreSQL wants to run as its owner.
 */
export async function chooseServerUser(dataDir: string): Promise<ServerUser | null> {
  if (process.getuid?.() !== 0) return null;
  const owner = await stat(dataDir).catch(() => null);
  if (owner !== null && owner.uid !== 0) return { name: `uid ${owner.uid}`, uid: owner.uid, gid: owner.gid };
  const user = pickServerUser(await readFile("/etc/passwd", "utf8"));
  if (user !== null) return user;
  throw new Error(
    "PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody. Start Loom as an ordinary user, or set DATABASE_URL.",
  );
}

/** The best user of a passwd(5) text. */
export function pickServerUser(passwd: string): ServerUser | null {
  const users = new Map<string, ServerUser>();
  for (const line of passwd.split("\n")) {
    const [name, , uid, gid] = line.split(":");
    if (name === undefined || uid === undefined || gid === undefined || uid === "0") continue;
    // macOS writes nobody as -2.
    users.set(name, { name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 });
  }
  const found = candidates.find((name) => users.has(name));
  return found === undefined ? null : (users.get(found) ?? null);
}

/** The topmost folder on the way to `path` (itself included) that the user may not enter, or null. */
export async function findClosedFolder(path: string, user: ServerUser): Promise<string | null> {
  const parent = dirname(path);
  const closed = parent === path ? null : await findClosedFolder(parent, user);
  if (closed !== null) return closed;
  return mayEnter(await stat(path), user) ? null : path;
}

/** The search bit that counts for the user; groups beyond its own are dropped when the server is started. */
export function mayEnter(folder: { mode: number; uid: number; gid: number }, user: ServerUser): boolean {
  if (folder.uid === user.uid) return (folder.mode & 0o100) !== 0;
  if (folder.gid === user.gid) return (folder.mode & 0o010) !== 0;
  return (folder.mode & 0o001) !== 0;
}
