/**
 * How a practice forest's LDIF says what each DC knows of replication, in the record of the DC's rootDSE:
 *   practiceInboundPartner: HOST success=TIME attempt=TIME result=N failures=N
 *   practiceCursor: HOST success=TIME
 * HOST is a DC's name, its first label is enough; TIME a generalized time, or "never". What is left out is
 * attempt=success, result=0, failures=0. From it the server makes the XML and the binary forms that AD has.
 */

import { parseGeneralizedTime } from '../ad/values.ts';
import { FileError } from '../errors.ts';
import type { DomainController } from './domain-controllers.ts';
import type { ReplicationState } from './replication.ts';
import type { RootDseRecord } from './root-dse.ts';

const partnerStatement = 'practiceinboundpartner';
const cursorStatement = 'practicecursor';

/** Throws FileError if a statement cannot be read or names a DC that the forest doesn't have. */
export function replicationOf(record: RootDseRecord, domainControllers: readonly DomainController[]): ReplicationState {
  const partners = statements(record, partnerStatement, domainControllers).map(({ source, fields }) => {
    const lastSuccess = timeOf(fields.get('success'));
    return {
      source,
      lastSuccess,
      lastAttempt: fields.has('attempt') ? timeOf(fields.get('attempt')) : lastSuccess,
      lastResult: Number(fields.get('result') ?? 0),
      failures: Number(fields.get('failures') ?? 0),
    };
  });
  const cursors = statements(record, cursorStatement, domainControllers).flatMap(({ source, fields }) => {
    const lastSuccess = timeOf(fields.get('success'));
    return lastSuccess === undefined ? [] : [{ source, lastSuccess }];
  });
  return { partners, cursors };
}

/** The record as a client may see it. */
export function withoutStatements(record: RootDseRecord): RootDseRecord {
  return new Map([...record].filter(([name]) => name !== partnerStatement && name !== cursorStatement));
}

function statements(
  record: RootDseRecord,
  name: string,
  domainControllers: readonly DomainController[],
): { readonly source: DomainController; readonly fields: ReadonlyMap<string, string> }[] {
  return (record.get(name)?.values ?? []).map((value) => {
    const text = value.toString();
    const [host = '', ...pairs] = text.split(' ').filter((word) => word !== '');
    const source = domainControllers.find((one) => one.host === host || one.host.startsWith(`${host}.`));
    const fields = new Map(pairs.map((pair) => pair.split('=', 2) as [string, string]));
    if (source === undefined || !fields.has('success')) {
      throw new FileError({
        attempted: 'read a statement on replication',
        on: `${name}: ${text}`,
        cameBack: source === undefined ? `no DC of the data is called "${host}"` : 'success= is missing',
        next: 'Mend the line in the LDIF of the practice forest.',
      });
    }
    return { source, fields };
  });
}

function timeOf(text: string | undefined): Date | undefined {
  return text === undefined || text === 'never' ? undefined : parseGeneralizedTime(text);
}
