/**
 * Lingering objects as LDIF that has their DC remove them: one rootDSE operation an object (MS-ADTS 3.1.1.3.3.15, KB
 * 314282). The DC asks the reference itself before it removes anything.
 */

import { importRemoval } from '../ad/repadmin.ts';
import { guidBase } from '../ad/values.ts';
import { openBlockers } from '../change/findings.ts';
import type { FolderDocument } from '../change/folder.ts';
import { folderParts, removalFile } from '../change/folder.ts';
import type { Plan, RemoveLingeringChange } from '../change/plan.ts';
import { groupBy } from '../group-by.ts';
import { ldifComment, ldifRecord } from '../ldif/ldif-writer.ts';
import { visible } from '../terminal/visible.ts';
import { counted, listed } from '../words.ts';
import { commentsOf } from './summary.ts';

/** A document for each DC, as each takes only its own operations; none has one while a blocker stops the plan. */
export function removalDocuments(plan: Plan, changes: readonly RemoveLingeringChange[]): readonly FolderDocument[] {
  if (openBlockers(plan.findings).length > 0) {
    const none = ldifComment('No operation is written while a blocker stops this plan.');
    return [{ name: folderParts.ldif, content: [...headComments(plan), none] }];
  }
  const byHost = groupBy(changes, ({ on }) => on);
  const hosts = [...byHost.keys()];
  if (hosts.length === 0) {
    const none = ldifComment('No lingering object was found: there is nothing to import.');
    return [{ name: folderParts.ldif, content: [...headComments(plan), none] }];
  }
  const ofHosts = [...byHost].map(([host, ofHost]) => {
    const name = removalFile(host, hosts);
    return { name, content: removalLdif(plan, host, name, ofHost) };
  });
  if (hosts.length === 1) return ofHosts;
  const names = listed(hosts.map((host) => removalFile(host, hosts)));
  const pointer = ldifComment(`Each domain controller has a file of its own: ${names}`);
  return [{ name: folderParts.ldif, content: [...headComments(plan), pointer] }, ...ofHosts];
}

const headComments = (plan: Plan): readonly string[] => commentsOf(plan).map(ldifComment);

function* removalLdif(
  plan: Plan,
  host: string,
  file: string,
  changes: readonly RemoveLingeringChange[],
): Generator<string> {
  const references = [...new Set(changes.map(({ reference }) => `${reference.host} (DSA GUID ${reference.dsaGuid})`))];
  yield* headComments(plan);
  for (const line of [
    `Removes ${counted(changes.length, 'lingering object')} from ${host}, for a Windows domain controller:`,
    importRemoval(host, file),
    `Reference: ${listed(references)}; it must be reachable from ${host}.`,
    'Before you import: repadmin /removelingeringobjects with /advisory_mode must have given this list (event 1946),',
    'with no other objects than those that next-steps.txt names.',
    'A removed object leaves no tombstone and cannot be restored: backup/before.ldf holds its attributes.',
  ]) {
    yield ldifComment(visible(line));
  }
  yield '\n';
  for (const change of changes) {
    const value = `${guidBase(change.reference.dsaGuid)}:${guidBase(change.guid)}`;
    // The value starts with "<", which LDIF takes only as base64 (RFC 2849): the comment is for people.
    yield ldifComment(`${visible(change.dn)}\n${value}`);
    yield ldifRecord({
      kind: 'modify',
      dn: '',
      controls: [],
      edits: [{ operation: 'replace', name: 'removeLingeringObject', values: [Buffer.from(value)] }],
    });
  }
}
