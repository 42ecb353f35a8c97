// Makes the addon loadable on glibc 2.36 and 2.37: a copy seven bytes apart from the published file.
// docs/decisions/0002-compatible-copy.md tells why this is safe. Pure: bytes in, bytes out.
//
// Only three imports carry version GLIBC_2.38: the C23 spellings `__isoc23_strtol`, `__isoc23_strtoul` and
// `__isoc23_sscanf`. The plain names mean the same but for `0b` literals and are the tails of the same strings,
// so each symbol is renamed by moving its name offset nine bytes on, and bound to the oldest version of libc.
// Layout of the tables: System V ABI, ELF-64 object file format; symbol versioning: LSB 5.0, chapter 10.7.

const prefix = "__isoc23_";
const renamed: ReadonlySet<string> = new Set(["__isoc23_strtol", "__isoc23_strtoul", "__isoc23_sscanf"]);
const sectionTypes = { dynsym: 11, versym: 0x6fffffff, verneed: 0x6ffffffe } as const;
const weakVersion = 0x2;

type Section = { readonly type: number; readonly at: number; readonly size: number; readonly link: number };

function readSections(elf: Buffer): Section[] {
  const at = Number(elf.readBigUInt64LE(0x28));
  const size = elf.readUInt16LE(0x3a);
  const count = elf.readUInt16LE(0x3c);
  return Array.from({ length: count }, (_, index) => {
    const head = at + index * size;
    return {
      type: elf.readUInt32LE(head + 4),
      at: Number(elf.readBigUInt64LE(head + 0x18)),
      size: Number(elf.readBigUInt64LE(head + 0x20)),
      link: elf.readUInt32LE(head + 0x28),
    };
  });
}

function textAt(elf: Buffer, at: number): string {
  return elf.toString("latin1", at, elf.indexOf(0, at));
}

function sectionOf(sections: readonly Section[], type: number, name: string): Section {
  const found = sections.find((section) => section.type === type);
  if (found === undefined) throw new Error(`the addon has no ${name} table`);
  return found;
}

type VersionNeed = { readonly name: string; readonly index: number; readonly flagsAt: number; readonly file: string };

function readVersionNeeds(elf: Buffer, verneed: Section, names: Section): VersionNeed[] {
  const needs: VersionNeed[] = [];
  let entry = verneed.at;
  for (;;) {
    const auxCount = elf.readUInt16LE(entry + 2);
    const file = textAt(elf, names.at + elf.readUInt32LE(entry + 4));
    let aux = entry + elf.readUInt32LE(entry + 8);
    for (let i = 0; i < auxCount; i += 1) {
      const name = textAt(elf, names.at + elf.readUInt32LE(aux + 8));
      needs.push({ name, file, index: elf.readUInt16LE(aux + 6), flagsAt: aux + 4 });
      aux += elf.readUInt32LE(aux + 12);
    }
    const next = elf.readUInt32LE(entry + 12);
    if (next === 0) return needs;
    entry += next;
  }
}

/**
 * The patched copy of a little-endian ELF64 shared object.
 * Throws an Error when the file is not one or does not import the three symbols exactly as described.
 */
export function makeCompatibleCopy(original: Uint8Array): Buffer {
  const elf = Buffer.from(original);
  if (elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) throw new Error("the addon is no ELF64 file");
  const sections = readSections(elf);
  const symbols = sectionOf(sections, sectionTypes.dynsym, "dynamic symbol");
  const versions = sectionOf(sections, sectionTypes.versym, "symbol version");
  const verneed = sectionOf(sections, sectionTypes.verneed, "needed version");
  const symbolNames = sections[symbols.link];
  const versionNames = sections[verneed.link];
  if (symbolNames === undefined || versionNames === undefined) throw new Error("the addon's tables name no strings");

  const libc = readVersionNeeds(elf, verneed, versionNames).filter((need) => need.file === "libc.so.6");
  const newest = libc.find((need) => need.name === "GLIBC_2.38");
  const oldest = libc.find((need) => need.name === "GLIBC_2.2.5");
  if (newest === undefined || oldest === undefined) throw new Error("the addon does not ask for GLIBC_2.38");

  let found = 0;
  for (let index = 0; index * 24 < symbols.size; index += 1) {
    const symbol = symbols.at + index * 24;
    const nameOffset = elf.readUInt32LE(symbol);
    const undefinedSymbol = elf.readUInt16LE(symbol + 6) === 0;
    if (!undefinedSymbol || !renamed.has(textAt(elf, symbolNames.at + nameOffset))) continue;
    elf.writeUInt32LE(nameOffset + prefix.length, symbol);
    elf.writeUInt16LE(oldest.index, versions.at + index * 2);
    found += 1;
  }
  if (found !== renamed.size) throw new Error(`the addon imports ${found} of the ${renamed.size} symbols to rename`);
  elf.writeUInt16LE(elf.readUInt16LE(newest.flagsAt) | weakVersion, newest.flagsAt);
  return elf;
}
