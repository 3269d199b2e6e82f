/** The embedded directory as the remedy's world, and LDIF for its domain controllers. */

import { onTestFinished } from 'vitest';
import type { EmbeddedForest } from '../../../../src/embedded/forest.ts';
import type { DirectorySession } from '../../../../src/ldap/session.ts';
import type { DirectoryWorld } from '../../../../src/remedies/remedy.ts';
import { configuration, now } from '../../../embedded/support.ts';
import { quietSurroundings } from '../../../support/fixed-world.ts';
import { factsOf } from './facts.ts';

/** The world of a run against DC1; the session is closed at the end of the test. */
export async function directoryOf(
  forest: EmbeddedForest,
  more: Partial<DirectoryWorld> = {},
  seen: (session: DirectorySession) => DirectorySession = (session) => session,
): Promise<DirectoryWorld> {
  const open = async (host: string): Promise<DirectorySession> => seen(await forest.open({ host }));
  const session = await open(forest.domainControllers[0] ?? '');
  onTestFinished(() => session.close());
  return {
    kind: 'directory',
    session,
    target: factsOf().target,
    isExport: false,
    reopen: () => open('dc1.corp.example.com'),
    openOther: open,
    openGlobalCatalog: async () => undefined,
    ...quietSurroundings(() => now),
    ...more,
  };
}

/** A further DC, without serverReference unless `more` has one. */
export function server(name: string, more = ''): string {
  const dn = `CN=${name},CN=Sites,${configuration}`;
  return `dn: ${dn}\nobjectClass: server\ndNSHostName: ${name.toLowerCase()}.corp.example.com\n${more}
dn: CN=NTDS Settings,${dn}\nobjectClass: nTDSDSA\noptions: 1\n`;
}

/** When a DC last heard of another one: "5m", "75d", "+1700d" for the future; and how the last attempt ended. */
export interface Heard {
  readonly ago: string;
  readonly result?: number;
  readonly failures?: number;
  /** Whether it is a partner, or heard of through others; true if left out. */
  readonly isPartner?: boolean;
}

/** What a DC says of its inbound replication: a link and a cursor for each of the others. */
export function said(name: string, others: Readonly<Record<string, Heard>>): string {
  const lines = Object.entries(others).flatMap(([other, { ago, result = 0, failures = 0, isPartner = true }]) => {
    const time = ago.startsWith('+') ? `{{now${ago}}}` : `{{now-${ago}}}`;
    return [
      ...(isPartner
        ? [`practiceInboundPartner: ${other} success=${time} attempt={{now-5m}} result=${result} failures=${failures}`]
        : []),
      `practiceCursor: ${other} success=${time}`,
    ];
  });
  return `dn:\ndnsHostName: ${name}.corp.example.com\n${lines.join('\n')}\n`;
}

/** 1970-01-01 in units of 100 ns since 1601: what Samba writes for the time of every cursor. */
const sambaCursorTime = 116_444_736_000_000_000n;

/** A session as Samba answers: nothing in XML, the raw values alone, and no time in the cursors. */
export function asSamba(session: DirectorySession): DirectorySession {
  return {
    ...session,
    identity: session.identity,
    rootDse: { ...session.rootDse, vendor: 'Samba Team (https://www.samba.org)' },
    search: (query) => session.search(query),
    modify: (...args) => session.modify(...args),
    add: (...args) => session.add(...args),
    delete: (...args) => session.delete(...args),
    close: () => session.close(),
    readEntry: async (...args) => {
      const entry = await session.readEntry(...args);
      if (entry === undefined) return undefined;
      const raw = [...entry.attributes].filter(([name]) => !/^msds-(ncrepl|repl)/.test(name));
      return {
        ...entry,
        attributes: new Map(
          raw.map(([name, attribute]) =>
            name === 'repluptodatevector'
              ? [name, { ...attribute, values: attribute.values.map(withoutTimes) }]
              : [name, attribute],
          ),
        ),
      };
    },
  };
}

/** The cursors of a replUpToDateVector, version 2 (MS-DRSR 5.206), as Samba writes their times. */
function withoutTimes(vector: Buffer): Buffer {
  const copy = Buffer.from(vector);
  for (let at = 16; at + 32 <= copy.length; at += 32) copy.writeBigUInt64LE(sambaCursorTime, at + 24);
  return copy;
}
