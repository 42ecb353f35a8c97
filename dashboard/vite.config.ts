// How the dashboard is built: one page below /dashboard/, every file of its own host, nothing inlined, since the
// gateway's content security policy would refuse it.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const iconImport = /import \{([^}]+)\} from "lucide-react";/g;

/** The file of an icon: `Columns2` -> `columns-2`. */
function iconFile(name: string): string {
  return name
    .replace(/([a-z])([A-Z0-9])/g, "$1-$2")
    .replace(/([0-9])([A-Z])/g, "$1-$2")
    .toLowerCase();
}

/** Takes each icon from its own file. The whole set is 2,500 files, and reading them is most of a build. */
function singleIcons(): Plugin {
  return {
    name: "single-icons",
    enforce: "pre",
    transform(code, id) {
      if (!id.endsWith(".tsx") || !code.includes('"lucide-react"')) return null;
      return code.replace(iconImport, (_whole, names: string) =>
        names
          .split(",")
          .map((one) => one.trim())
          .filter((one) => one !== "")
          .map(
            (one) =>
              `import ${one.split(" as ")[1] ?? one} from "lucide-react/icons/${iconFile(one.split(" as ")[0] ?? one)}";`,
          )
          .join(" "),
      );
    },
  };
}

const compressBytesMin = 1024;

/** Writes the compressed forms beside each file, so that the first visitor of a new process has them as well. */
function compressedForms(): Plugin {
  return {
    name: "compressed-forms",
    async writeBundle({ dir = "" }, bundle) {
      const made = Object.values(bundle).map(async (file) => {
        const bytes = Buffer.from(file.type === "chunk" ? file.code : file.source);
        if (bytes.length < compressBytesMin || !/\.(?:js|css|html|svg)$/.test(file.fileName)) return;
        const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
        const path = join(dir, file.fileName);
        await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }));
        await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, { params }));
      });
      await Promise.all(made);
    },
  };
}

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "/dashboard/",
  plugins: [singleIcons(), react(), compressedForms()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: "licences.md" },
  },
  worker: { format: "es" },
});
