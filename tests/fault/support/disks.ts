// Disks of a scenario's own: a small one in memory, and an ext4 image that can be copied as a power cut would leave
// it. Only root may mount; elsewhere `whyNoMount` says so.
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Null where mounts work. */
export const whyNoMount: string | null = findMountFault();
/** Null where system calls can be made to fail. */
export const whyNoTracer: string | null =
  spawnSync("strace", ["-f", "-qq", "-e", "trace=none", "true"]).status === 0 ? null : "strace does not work here";

function findMountFault(): string | null {
  if (process.getuid?.() !== 0) return "only root may mount";
  const folder = mkdtempSync(join(tmpdir(), "loom-fault-probe-"));
  try {
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", folder]).status !== 0) return "mount is refused";
    spawnSync("umount", [folder]);
    return existsSync("/dev/loop-control") ? null : "there is no loop device";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export type SmallDisk = {
  readonly folder: string;
  /** Leaves no byte to others. */
  fill(): void;
  clear(): void;
  close(): void;
};

export function mountSmallDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), "loom-fault-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=755`, "none", folder]);
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill: () => void spawnSync("dd", ["if=/dev/zero", `of=${ballast}`, "bs=64k", "status=none"]),
    clear: () => rmSync(ballast, { force: true }),
    close: () => {
      spawnSync("umount", ["-l", folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type PowerDisk = {
  readonly folder: string;
  /** Puts the disk back to what was on it at this moment: what was only in the page cache is gone. */
  cutPower(): void;
  close(): void;
};

export function mountPowerDisk(megabytes: number): PowerDisk {
  const place = mkdtempSync(join(tmpdir(), "loom-fault-power-"));
  const folder = join(place, "disk");
  mkdirSync(folder);
  let image = join(place, "image-0");
  let cuts = 0;
  writeFileSync(image, "");
  execFileSync("truncate", ["-s", `${megabytes}m`, image]);
  execFileSync("mkfs.ext4", ["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image]);
  const mount = (): void => void execFileSync("mount", ["-o", "loop", image, folder]);
  mount();
  return {
    folder,
    cutPower: () => {
      cuts += 1;
      const copy = join(place, `image-${cuts}`);
      copyFileSync(image, copy);
      execFileSync("umount", [folder]);
      rmSync(image);
      image = copy;
      mount();
    },
    close: () => {
      spawnSync("umount", ["-l", folder]);
      rmSync(place, { recursive: true, force: true });
    },
  };
}
