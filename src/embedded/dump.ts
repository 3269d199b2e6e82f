/** A forest's state as the LDIF that load.ts reads again. */

import { formatGeneralizedTime } from '../ad/values.ts';
import type { LdifContentRecord } from '../ldif/ldif.ts';
import { stampStatement } from './load.ts';
import type { Store, StoredEntry } from './store.ts';
import { toWire } from './value.ts';

/** Every entry with all its attributes, parents first; the rootDSE records as they came. */
export function* dump(store: Store, rootDses: readonly LdifContentRecord[]): Generator<LdifContentRecord> {
  yield* rootDses;
  for (const entry of store.entries()) yield { kind: 'content', dn: entry.dn, attributes: attributesOf(entry) };
}

function attributesOf(entry: StoredEntry): LdifContentRecord['attributes'] {
  const stored = [...entry.attributes].map(([{ name }, values]) => ({
    name,
    values: values.map((value) => Buffer.from(toWire(value))),
  }));
  const stamps = [...entry.stamps].map(([{ name }, { version, time, usn, origin }]) =>
    Buffer.from([name, version, formatGeneralizedTime(time), usn, ...(origin === undefined ? [] : [origin])].join(' ')),
  );
  return stamps.length === 0 ? stored : [...stored, { name: stampStatement, values: stamps }];
}
