import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'vitest';
import { namespacesPermitted } from './host.ts';

export interface Needs {
  /** Several DCs at once need a network of their own each. */
  readonly namespaces?: boolean;
  /** Programs beside Samba's. */
  readonly programs?: readonly string[];
}

const sambaPrograms = [
  'samba',
  'samba-tool',
  'ldbmodify',
  'ldbsearch',
  'ldapmodify',
  'ldapsearch',
  'openssl',
  'unshare',
];

/**
 * A suite that needs a real Samba. Where it cannot run, it is skipped under a name that says how to change that; with
 * CI=true it fails instead.
 */
export function describeWithSamba(name: string, suite: () => void, needs: Needs = {}): void {
  const missing = whatIsMissing(needs);
  if (missing === undefined) {
    describe(name, suite);
  } else if (process.env['CI'] === 'true') {
    test(`${name} (${missing})`, () => {
      throw new Error(`Under CI nothing is skipped: ${missing}`);
    });
  } else {
    describe.skip(`${name} (${missing})`, suite);
  }
}

function whatIsMissing(needs: Needs): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const absent = [...sambaPrograms, ...(needs.programs ?? [])].filter((program) => !isInstalled(program));
  if (absent.length > 0)
    return `needs Debian's samba-ad-dc, no ${absent.join(', ')} here: run .ci/install-samba as root`;
  if (needs.namespaces === true && !namespacesPermitted())
    return 'needs iproute2 and the right to make network namespaces';
  return undefined;
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder, or not ours to run: the next one decides.
      return false;
    }
  });
}
