import type { Finding } from '../../src/change/findings.ts';
import type {
  AttributeEdit,
  Change,
  DeleteChange,
  FileChange,
  ForestTarget,
  ModifyChange,
  Plan,
  PlanAttribute,
} from '../../src/change/plan.ts';
import { sealPlan, type UnsealedPlan } from '../../src/change/seal.ts';
import type { TextEncoding } from '../../src/files/text-encoding.ts';
import type { Description } from '../../src/remedies/remedy.ts';
import { encodedAs } from '../support/strings-content.ts';

export const configuration = 'CN=Configuration,DC=corp,DC=example,DC=com';
export const guid = '0d1f3b77-0a36-4e5c-8df1-9f1b4a3b2c10';

/** An edit of one label, written in the file's encoding. */
export function labelChange(
  old: string,
  now: string,
  { encoding = 'utf-8', ...more }: Partial<FileChange> & { readonly encoding?: TextEncoding } = {},
): FileChange {
  const withoutMark = encoding.replace(' with BOM', '') as TextEncoding;
  const base64 = (text: string): string => encodedAs(withoutMark, text).toString('base64');
  return {
    kind: 'file',
    path: '\\\\TMG01\\C$\\Templates\\Exchange\\HTML\\nls\\de\\strings.txt',
    root: '\\\\TMG01\\C$\\Templates',
    set: 'Exchange',
    class: 'HTML',
    language: 'de',
    encoding,
    before: { length: 100, sha256: 'ab'.repeat(32) },
    after: { length: 104, sha256: 'cd'.repeat(32) },
    splices: [{ key: 'L_UserName_Text', line: 5, offset: 40, old: base64(old), new: base64(now) }],
    ...more,
  };
}

export function modify(dn: string, ...edits: readonly AttributeEdit[]): ModifyChange {
  return { kind: 'modify', dn, guid, edits };
}

export function deletion(dn: string, attributes: readonly PlanAttribute[]): DeleteChange {
  return { kind: 'delete', dn, guid, usnChanged: '4711', children: [], attributes };
}

export function finding(more: Partial<Finding> = {}): Finding {
  return {
    id: 'key-absent',
    level: 'warning',
    title: '2 files without the key',
    detail: 'There is nothing to change in these.',
    evidence: [],
    subjects: [],
    acceptable: false,
    accepted: false,
    ...more,
  };
}

export const forest: ForestTarget = {
  kind: 'forest',
  configurationNamingContext: configuration,
  objectGuid: '9c04206a-9a46-41df-b23b-f2b402ba789f',
  domainController: 'dc1.corp.example.com',
  connection: {
    kind: 'server',
    host: 'dc1.corp.example.com',
    port: 636,
    auth: 'password',
    tls: 'ldaps',
    user: 'admin@corp.example.com',
  },
};

/** A plan of these changes: for files where the first is one, else for the forest. */
export function planOf(changes: readonly Change[], more: Partial<UnsealedPlan> = {}): Plan {
  const onFiles = changes[0]?.kind === 'file';
  return sealPlan({
    id: '5b0f6a57-2c36-4c33-9d0b-6c0b3a2f0d11',
    tool: 'adsi-remedy 0.1.0',
    created: '2026-11-22T08:41:07.512Z',
    remedy: onFiles ? 'labels' : 'orphan',
    target: onFiles ? { kind: 'files', roots: ['\\\\TMG01\\C$\\Templates'] } : forest,
    by: { account: 'CORP\\admin', computer: 'TMG01' },
    findings: [],
    changes,
    ...more,
  });
}

/** A plan in words, as its remedy gives them. */
export function description(more: Partial<Description> = {}): Description {
  return { title: 'Delete the server object EX04', summary: [], changes: [], nextSteps: [], ...more };
}

export const commands = { apply: 'npx adsi-remedy@1.0.0 apply .', undo: 'npx adsi-remedy@1.0.0 undo .' };
