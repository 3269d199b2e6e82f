import { readFileSync } from 'node:fs';

/** The tool's name and version, as plans and --version give it: "adsi-remedy 0.1.0". */
export function toolVersion(): string {
  const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return `${name} ${version}`;
}
