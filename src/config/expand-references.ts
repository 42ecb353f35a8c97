// `${ENV}` and `${ENV:-default}` in the text values of loom.yaml.

type Expansion = { readonly value: string; readonly problems: readonly ReferenceProblem[] };

export type ReferenceProblem = { readonly message: string; readonly fix: string };

const pattern = /\$\$\{|\$\{([^}]*)(\}?)/g;
const referenceForm = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;

/**
 * Puts the environment's values in place of references; `$${` stands for a plain `${`. A variable that is empty
 * counts as not set. Without a value and without a default a reference is a problem.
 */
export function expandReferences(text: string, env: Readonly<Record<string, string | undefined>>): Expansion {
  const problems: ReferenceProblem[] = [];
  const value = text.replace(pattern, (whole: string, inner: string | undefined, closing: string | undefined) => {
    if (inner === undefined) return "${";
    const match = closing === "}" ? referenceForm.exec(inner) : null;
    if (match === null) {
      problems.push({
        message: "holds something that begins like a reference but is none.",
        fix: "Write ${NAME} or ${NAME:-default}; write $${ for a plain ${.",
      });
      return whole;
    }
    const name = match[1] ?? "";
    const found = env[name]?.trim() || match[2];
    if (found === undefined) {
      problems.push({
        message: `refers to ${name}, which is not set.`,
        fix: `Set ${name} in the environment, or write \${${name}:-default}.`,
      });
    }
    return found ?? "";
  });
  return { value, problems };
}
