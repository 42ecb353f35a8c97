// Reads vitest's JSON report and prints `passed failed skipped`, so that .ci/run can close with one sum.
// A file that failed before its first test, or a run that failed without a failed test, counts as one failure.
import { readFileSync } from "node:fs";

const [path, status] = process.argv.slice(2);
const counts = { passed: 0, failed: 0, skipped: 0 };

try {
  for (const file of JSON.parse(readFileSync(path, "utf8")).testResults) {
    const failedBefore = counts.failed;
    for (const { status: outcome } of file.assertionResults) {
      counts[outcome === "passed" || outcome === "failed" ? outcome : "skipped"] += 1;
    }
    if (file.status === "failed" && counts.failed === failedBefore) counts.failed += 1;
  }
} catch (error) {
  process.stderr.write(`vitest left no report: ${error.message}\n`);
}
if (counts.failed === 0 && (status !== "0" || counts.passed === 0)) counts.failed = 1;
process.stdout.write(`${counts.passed} ${counts.failed} ${counts.skipped}\n`);
