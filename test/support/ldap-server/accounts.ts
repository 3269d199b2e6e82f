/** Who may bind, by which names, with which password and which rights. */

import { dateOfFileTime } from '../../../src/ad/entry.ts';
import { assertionKey, type StoredEntry } from '../../../src/embedded/entry.ts';
import { attributeType } from '../../../src/embedded/schema.ts';
import type { Store } from '../../../src/embedded/store.ts';
import { administrator, type Rights } from '../../../src/embedded/visibility.ts';
import { bindFailure, refuse } from './wire-refusal.ts';

/** A user of the data who may bind. */
export interface Account {
  /** sAMAccountName. */
  readonly name: string;
  readonly password: string;
  /** By default what the user's groups give. */
  readonly access?: Rights;
}

export interface Identity {
  readonly entry: StoredEntry | undefined;
  /** As RFC 4532 has it: `u:CORP\admin`. */
  readonly name: string;
  readonly access: Rights;
}

/** What AD gives to every user. */
export const reader: Rights = { ...administrator, mayWrite: false, mayReadDeleted: false };

const administrativeGroups = ['enterprise admins', 'domain admins', 'administrators'];

/** The rights of a user by the groups that it is in, directly or through others. */
function rightsOf(user: StoredEntry): Rights {
  const known = new Set<StoredEntry>();
  const open = [user];
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    if (known.has(entry)) continue;
    known.add(entry);
    if (administrativeGroups.includes(entry.text('name')?.toLowerCase() ?? '')) return administrator;
    open.push(...[...(entry.referrers.get(attributeType('member')) ?? [])].filter(({ isDeleted }) => !isDeleted));
  }
  return reader;
}

/** Bits of userAccountControl (MS-ADTS 2.2.16). */
const accountDisabled = 0x2;
const passwordExpired = 0x80_0000;

/** The account that the name and the password belong to. Throws Refusal, with AD's reason in its text. */
export function authenticate(
  name: string,
  password: string,
  accounts: readonly Account[],
  store: Store,
  now: Date,
): Identity {
  const entry = userOf(name, store);
  if (entry === undefined) throw refuse.credentials(bindFailure.noSuchUser);
  const user = entry.text('sAMAccountName') ?? '';
  const account = accounts.find((known) => known.name.toLowerCase() === user.toLowerCase());
  if (entry.number('lockoutTime') !== 0) throw refuse.credentials(bindFailure.lockedOut);
  if (account?.password !== password) throw refuse.credentials(bindFailure.wrongPassword);
  const reason = reasonToDecline(entry, now);
  if (reason !== undefined) throw refuse.credentials(reason);
  return { entry, name: `u:${netbiosName(store)}\\${user}`, access: account.access ?? rightsOf(entry) };
}

function reasonToDecline(user: StoredEntry, now: Date): (typeof bindFailure)[keyof typeof bindFailure] | undefined {
  const flags = user.number('userAccountControl');
  if ((flags & accountDisabled) !== 0) return bindFailure.accountDisabled;
  const expires = dateOfFileTime(user.text('accountExpires') ?? '0');
  if (expires !== 'never' && expires < now) return bindFailure.accountExpired;
  if ((flags & passwordExpired) !== 0) return bindFailure.passwordExpired;
  return user.text('pwdLastSet') === '0' ? bindFailure.mustChangePassword : undefined;
}

/** AD takes a DN, a user principal name, DOMAIN\name and name@domain (MS-ADTS 5.1.1.1.1). */
function userOf(name: string, store: Store): StoredEntry | undefined {
  const holder = (attribute: string, value: string): StoredEntry | undefined => {
    const type = attributeType(attribute);
    const key = assertionKey(type, value, () => undefined);
    const holders = key === undefined ? [] : [...store.holders(type, key)];
    return holders.find(({ isDeleted }) => !isDeleted);
  };
  const [, domain, downLevel] = /^([^\\]+)\\([^\\]+)$/.exec(name) ?? [];
  if (domain !== undefined && downLevel !== undefined) {
    return domain.toLowerCase() === netbiosName(store).toLowerCase() ? holder('sAMAccountName', downLevel) : undefined;
  }
  const principal = holder('userPrincipalName', name);
  if (principal !== undefined) return principal;
  const [, local, realm] = /^([^@]+)@([^@]+)$/.exec(name) ?? [];
  if (local !== undefined && realm !== undefined) {
    return realm.toLowerCase() === store.forestDnsName.toLowerCase() ? holder('sAMAccountName', local) : undefined;
  }
  return userByDn(name, store);
}

function userByDn(name: string, store: Store): StoredEntry | undefined {
  const place = store.findIfDn(name);
  return place?.present === true && place.values('sAMAccountName').length > 0 && !place.isDeleted ? place : undefined;
}

/** The part before the backslash of a logon name: nETBIOSName of the root domain's crossRef. */
function netbiosName({ rootDomain }: Store): string {
  const crossRefs = rootDomain?.referrers.get(attributeType('nCName')) ?? [];
  return [...crossRefs].map((crossRef) => crossRef.text('nETBIOSName')).find((name) => name !== undefined) ?? '';
}
