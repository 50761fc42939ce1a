import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** Licences under which a library may be a part of the pages, which are Apache-2.0. */
const COMPATIBLE: ReadonlySet<string> = new Set([
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "MPL-2.0",
]);

/** Licence texts that do not stand in LICENSE at the top of a package. */
const MORE_TEXTS: Readonly<Record<string, readonly string[]>> = {
  "@novnc/novnc": ["docs/LICENSE.MPL-2.0", "vendor/pako/LICENSE"],
};

export interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly source: string;
  readonly texts: readonly string[];
}

/** The npm package that a bundled module is from, null for Keyhole's own. */
export function packageOf(moduleId: string): string | null {
  const path = moduleId.replaceAll("\\", "/").split("/node_modules/").at(-1);
  if (path === undefined || path === moduleId) return null;
  return path.split("/", path.startsWith("@") ? 2 : 1).join("/");
}

/** What licenses.txt says. Throws where a package's licence is not compatible, or its text is missing. */
export function notice(packages: readonly Package[]): string {
  return packages
    .map(({ name, version, license, source, texts }) => {
      if (!COMPATIBLE.has(license)) throw new Error(`${name} is under ${license}, which is not known to be compatible`);
      if (texts.length === 0) throw new Error(`${name} has no licence text`);
      const title = `${name} ${version} (${license}), unchanged, source: ${source}`;
      return [title, "=".repeat(title.length), ...texts].join("\n\n");
    })
    .join("\n\n");
}

/** An installed package, with its licence texts. */
export function readPackage(name: string, modules = "node_modules"): Package {
  const folder = `${modules}/${name}`;
  const facts = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as Record<string, unknown>;
  const repository = facts["repository"] as string | { url?: string } | undefined;
  const url = typeof repository === "string" ? repository : repository?.url;
  const top = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file));
  const files = [...top, ...(MORE_TEXTS[name] ?? [])].filter((file) => existsSync(`${folder}/${file}`));
  return {
    name,
    version: String(facts["version"]),
    license: String(facts["license"]),
    source: (url ?? "")
      .replace(/^(git\+)?(https:\/\/github\.com\/|git@github\.com:)?/, "https://github.com/")
      .replace(/\.git$/, ""),
    texts: files.map((file) => readFileSync(`${folder}/${file}`, "utf8")),
  };
}

/** Writes licenses.txt beside the pages: whoever is given the libraries is given their licences. */
export function licenses(): Plugin {
  return {
    name: "keyhole-licenses",
    generateBundle(_, bundle) {
      const ids = Object.values(bundle).flatMap((file) => (file.type === "chunk" ? Object.keys(file.modules) : []));
      const names = new Set([...ids, ...this.getModuleIds()].map(packageOf).filter((name) => name !== null));
      const packages = [...names].sort().map((name) => readPackage(name));
      this.emitFile({ type: "asset", fileName: "licenses.txt", source: notice(packages) });
    },
  };
}
