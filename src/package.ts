import { readFileSync } from 'node:fs';

/** The folder of the package, a URL that ends in a slash; from a module of src and dist and from a file of the bundle. */
const packageFolder = new URL('../', import.meta.url);

/** The folder of the wordings, the practice site and the review page, a URL that ends in a slash. */
export const templatesFolder = new URL('templates/', packageFolder);

/** The tool's name and version, as plans and --version give it: "adsi-remedy 0.1.0". */
export function toolVersion(): string {
  const { name, version } = JSON.parse(readFileSync(new URL('package.json', packageFolder), 'utf8'));
  return `${name} ${version}`;
}
