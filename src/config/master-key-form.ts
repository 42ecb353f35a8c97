// The written form of master keys, `version:base64,version:base64`, newest first: what is wrong with a text, if anything.

const masterKeyBytes = 32;
const versionMax = 0x7fff_ffff;
const base64Form = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** One sentence on the first fault of the text, or null. Never repeats any part of a key. */
export function findMasterKeysFault(text: string): string | null {
  const seen = new Set<number>();
  for (const [index, entry] of text.split(",").entries()) {
    const colon = entry.indexOf(":");
    const versionText = entry.slice(0, Math.max(colon, 0)).trim();
    if (!/^[1-9][0-9]{0,9}$/.test(versionText) || Number(versionText) > versionMax) {
      return `Entry ${index + 1} does not begin with a version number and a colon.`;
    }
    const version = Number(versionText);
    if (seen.has(version)) return `Version ${version} is there twice.`;
    seen.add(version);
    const encoded = entry.slice(colon + 1).trim();
    if (!base64Form.test(encoded)) return `The key of version ${version} is not base64.`;
    const bytes = Buffer.from(encoded, "base64").length;
    if (bytes !== masterKeyBytes) return `The key of version ${version} has ${bytes} bytes, not ${masterKeyBytes}.`;
  }
  return null;
}
