// How the dashboard is built: one page below /dashboard/, every file of its own host, nothing inlined, since the
// gateway's content security policy would refuse it.
import { fileURLToPath } from "node:url";
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

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "/dashboard/",
  plugins: [singleIcons(), react()],
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
