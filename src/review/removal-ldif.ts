/**
 * Lingering objects as LDIF that has their DC remove them: one rootDSE operation an object (MS-ADTS 3.1.1.3.3.15, KB
 * 314282). The DC asks the reference itself before it removes anything.
 */

import { guidBase } from '../ad/values.ts';
import { openBlockers } from '../change/findings.ts';
import type { FolderDocument } from '../change/folder.ts';
import { folderParts } from '../change/folder.ts';
import type { Plan, RemoveLingeringChange } from '../change/plan.ts';
import { groupBy } from '../group-by.ts';
import { ldifComment, ldifRecord } from '../ldif/ldif-writer.ts';
import { visible } from '../terminal/visible.ts';
import { counted, listed } from '../words.ts';
import { hostInCommand } from './ldif.ts';

/** The name of the LDIF for one DC: change.ldf where it is the only one. */
export function removalFile(host: string, hosts: readonly string[]): string {
  return hosts.length < 2 ? folderParts.ldif : `change-${host.replace(/[^\w.-]/g, '_')}.ldf`;
}

/** The DCs that have lingering objects, each once. */
export function hostsOf(changes: readonly RemoveLingeringChange[]): readonly string[] {
  return [...new Set(changes.map(({ on }) => on))];
}

/** A document for each DC, as each takes only its own operations; none has an operation while a blocker stops the plan. */
export function removalDocuments(plan: Plan, changes: readonly RemoveLingeringChange[]): readonly FolderDocument[] {
  const blockers = openBlockers(plan.findings);
  if (blockers.length > 0) {
    const comments = blockers.map(({ id, title }) => ldifComment(visible(`No operation is written: ${id}: ${title}`)));
    return [{ name: folderParts.ldif, content: [...headComments(plan), ...comments] }];
  }
  const hosts = hostsOf(changes);
  const ofHosts = [...groupBy(changes, ({ on }) => on)].map(([host, ofHost]) => ({
    name: removalFile(host, hosts),
    content: removalLdif(plan, host, ofHost),
  }));
  if (hosts.length < 2) return ofHosts;
  const names = listed(hosts.map((host) => removalFile(host, hosts)));
  const pointer = ldifComment(`Each domain controller has a file of its own: ${names}`);
  return [{ name: folderParts.ldif, content: [...headComments(plan), pointer] }, ...ofHosts];
}

function headComments({ id, seal, created, target }: Plan): readonly string[] {
  const forest =
    target.kind === 'forest' ? [`Forest ${target.configurationNamingContext}, objectGUID ${target.objectGuid}`] : [];
  return [`Plan ${id}, made ${created}, seal ${seal}`, ...forest].map((line) => ldifComment(visible(line)));
}

function* removalLdif(plan: Plan, host: string, changes: readonly RemoveLingeringChange[]): Generator<string> {
  const references = [...new Set(changes.map(({ reference }) => `${reference.host} (DSA GUID ${reference.dsaGuid})`))];
  yield* headComments(plan);
  for (const line of [
    `Removes ${counted(changes.length, 'lingering object')} from ${host}, for a Windows domain controller:`,
    `ldifde -i -s ${hostInCommand(host)} -f FILE`,
    `Reference: ${listed(references)}; it must be reachable from ${host}.`,
    'Before you import: repadmin /removelingeringobjects with /advisory_mode must have given this list (event 1946).',
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
