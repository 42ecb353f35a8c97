// Credentials that were committed: files that hold them by habit, and texts that look like a real one.
import { type Fault, lineOf } from "../source-files.js";

const secretFiles = /(^|\/)(\.env(\..+)?|id_(rsa|ed25519)|[^/]+\.(pem|key|p12|pfx)|demo\.json|master-keys?)$/;
const examples = /\.env\.example$/;
const secretTexts: readonly RegExp[] = [
  /\bsk-(proj|svcacct|admin|ant-[a-z0-9]+)-[A-Za-z0-9_-]{32,}/,
  /\bsk-[A-Za-z0-9]{40,}/,
  /\b(AKIA|ASIA)[0-9A-Z]{16}\b/,
  /\bgh[pousr]_[A-Za-z0-9]{36}\b/,
  /\bxox[abpr]-[0-9]{10,}-[A-Za-z0-9-]{20,}/,
  /\bAIza[0-9A-Za-z_-]{35}\b/,
  /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40,}/,
];

export function findSecrets(files: readonly { readonly path: string; readonly text: string }[]): Fault[] {
  const faults: Fault[] = [];
  for (const { path, text } of files) {
    if (secretFiles.test(path) && !examples.test(path)) faults.push({ path, says: "is a file that holds secrets" });
    for (const pattern of secretTexts) {
      const found = pattern.exec(text);
      if (found !== null) faults.push({ path, line: lineOf(text, found.index), says: "looks like a real credential" });
    }
  }
  return faults;
}
