/** Mailbox users who could not log on with the e-mail address because their user principal name differs. */

import { createHash } from 'node:crypto';
import { accountDisabled, type Entry, textOf, textsOf } from '../../ad/entry.ts';
import { type FindingDraft, note, warning } from '../../change/findings.ts';
import { DirectoryError } from '../../errors.ts';
import { and, type DirectorySession, equal, not, or, present } from '../../ldap/session.ts';
import { counted } from '../../words.ts';
import type { FilesWorld } from '../remedy.ts';
import type { Label } from './wording.ts';

/** A user whose user principal name and primary SMTP address differ. */
export interface UpnDifference {
  readonly name: string;
  readonly userPrincipalName: string | undefined;
  readonly address?: string;
  /** `mail` where no address is marked as the primary one (`SMTP:` in proxyAddresses). */
  readonly addressFrom?: 'proxyAddresses' | 'mail';
  readonly dn: string;
}

/** How the addresses of users compare with their user principal names. */
export interface UpnComparison {
  /** Enabled users with a mailbox. */
  readonly users: number;
  /** Those who could not log on with what the label asks for. */
  readonly differing: number;
  /** Those who have neither a primary SMTP address nor mail: nothing to compare. */
  readonly withoutAddress: number;
  /** Of all, those whose address was taken from mail. */
  readonly byMail: number;
  readonly first: readonly UpnDifference[];
  /** What the label asks for. */
  readonly label: Label;
  /** Those whose address is the user principal name of another user: they would log on as that one. */
  readonly taken: {
    readonly count: number;
    readonly first: readonly { readonly name: string; readonly address: string; readonly owner: string }[];
  };
}

/** A comparison with its report of all who differ. */
export interface UpnCheck extends UpnComparison {
  /** When the directory was asked: ISO 8601, UTC. */
  readonly read: string;
  readonly report: readonly string[];
  /** SHA-256 (hex) of the report in UTF-8. */
  readonly sha256: string;
}

/** The report's name in the change folder. */
const reportName = 'upn-differs.csv';

/** msExchRecipientTypeDetails of the mailboxes that Exchange makes to watch itself (MonitoringMailbox). */
const monitoringMailbox = '549755813888';

const enabledMailboxUsers = and(
  equal('objectClass', 'user'),
  or(present('msExchMailboxGuid'), present('homeMDB')),
  not({ kind: 'allBits', attribute: 'userAccountControl', bits: accountDisabled.toString() }),
);

/** All other accounts, including disabled ones: a name that one of them has is not free. */
const otherAccounts = and(equal('objectClass', 'user'), not(enabledMailboxUsers));

const attributes = [
  'name',
  'userPrincipalName',
  'sAMAccountName',
  'proxyAddresses',
  'mail',
  'msExchRecipientTypeDetails',
];

const fewFirst = 10;

/**
 * Compares the names of the whole forest through a global catalog of the directory that the flags name.
 *
 * @throws DirectoryError if no global catalog answers, or it can't be searched
 */
export async function checkUserPrincipalNames(world: FilesWorld, label: Label): Promise<UpnCheck> {
  const directory = await world.openDirectory();
  const globalCatalog = await directory.openGlobalCatalog();
  if (globalCatalog === undefined) {
    throw new DirectoryError({
      attempted: 'compare user principal names',
      on: directory.session.identity.host,
      cameBack: 'no global catalog of the forest answers',
      next: 'Name one with --server: only a global catalog knows the users of all domains.',
    });
  }
  try {
    const report = new Report();
    const comparison = await compareNames(
      globalCatalog,
      (difference) => report.add(reportLine(difference)),
      (users) => world.watch.update('User principal names', `${users.toLocaleString('en')} compared`),
      label,
    );
    return { ...comparison, read: world.now().toISOString(), ...report.end() };
  } finally {
    await globalCatalog.close();
  }
}

const pieceLength = 65_536;

/** The report as it grows: in large pieces, for a forest may have a hundred thousand lines. */
class Report {
  readonly #pieces: string[] = [];
  readonly #hash = createHash('sha256');
  #waiting = reportHead;

  add(line: string): void {
    this.#waiting += line;
    if (this.#waiting.length >= pieceLength) this.#flush();
  }

  end(): Pick<UpnCheck, 'report' | 'sha256'> {
    this.#flush();
    return { report: this.#pieces, sha256: this.#hash.digest('hex') };
  }

  #flush(): void {
    // Through bytes, so that a piece is one string and not a chain of its lines.
    const piece = Buffer.from(this.#waiting);
    this.#hash.update(piece);
    this.#pieces.push(piece.toString());
    this.#waiting = '';
  }
}

/**
 * Compares the names of the whole forest: who could not log on with what the label has them type. Each is passed on when it
 * is met, and only the first ten are kept.
 *
 * @param globalCatalog a session with the port of a global catalog
 * @throws DirectoryError
 */
export async function compareNames(
  globalCatalog: DirectorySession,
  onDifference: (difference: UpnDifference) => void,
  onUsers?: (users: number) => void,
  label: Label = 'email',
): Promise<UpnComparison> {
  const first: UpnDifference[] = [];
  const count = { users: 0, differing: 0, withoutAddress: 0, byMail: 0 };
  const failing = failureTests[label]();
  const addresses = addressesOfOthers();
  const report = (differences: readonly UpnDifference[]): void => {
    count.differing += differences.length;
    first.push(...differences.slice(0, fewFirst - first.length));
    for (const difference of differences) onDifference(difference);
  };
  // On a global catalog the empty base means the whole forest (MS-ADTS 3.1.1.3.1.3.1).
  const found = globalCatalog.search({ base: '', scope: 'subtree', filter: enabledMailboxUsers, attributes });
  for await (const entry of found) {
    if (textOf(entry, 'msExchRecipientTypeDetails') === monitoringMailbox) continue;
    count.users += 1;
    if (count.users % 1000 === 0) onUsers?.(count.users);
    const person = personOf(entry);
    if (person.address === undefined) count.withoutAddress += 1;
    if (person.addressFrom === 'mail') count.byMail += 1;
    const differences = failing.ofUser(person);
    if (label === 'email') addresses.add(person, differences.length > 0);
    report(differences);
  }
  if (label !== 'email' || count.differing > 0) {
    const others = globalCatalog.search({
      base: '',
      scope: 'subtree',
      filter: otherAccounts,
      attributes: ['name', 'userPrincipalName', 'sAMAccountName'],
    });
    for await (const entry of others) {
      const account = personOf(entry);
      if (label === 'email') addresses.addOwner(account);
      report(failing.knownByAccount(account));
    }
  }
  return { ...count, label, first, taken: addresses.end() };
}

/** Collects those whose address is the user principal name of another account. */
function addressesOfOthers() {
  const owners = new Map<string, string>();
  const differing: { readonly name: string; readonly address: string }[] = [];
  const addOwner = ({ name, userPrincipalName }: Person): void => {
    if (userPrincipalName !== undefined) owners.set(userPrincipalName.toLowerCase(), name);
  };
  return {
    addOwner,
    add(person: Person, isDiffering: boolean): void {
      addOwner(person);
      const { name, address } = person;
      if (isDiffering && address !== undefined) differing.push({ name, address: address.toLowerCase() });
    },
    end(): UpnComparison['taken'] {
      const taken = differing.flatMap(({ name, address }) => {
        const owner = owners.get(address);
        return owner === undefined ? [] : [{ name, address, owner }];
      });
      return { count: taken.length, first: taken.slice(0, fewFirst) };
    },
  };
}

interface Person extends UpnDifference {
  readonly accountName: string | undefined;
}

/** Gives who fails as soon as that is known. */
interface FailureTest {
  /** Those who are known to fail once this user was met: the user, or one who was met before. */
  ofUser(person: Person): readonly UpnDifference[];
  /** The users met before who fail because of another account. */
  knownByAccount(account: Person): readonly UpnDifference[];
}

const failureTests: Readonly<Record<Label, () => FailureTest>> = {
  /** The user principal name is another one. */
  email: () => ({
    ofUser: (person) =>
      person.address === undefined || person.userPrincipalName?.toLowerCase() === person.address.toLowerCase()
        ? []
        : [person],
    knownByAccount: () => [],
  }),
  /** There is none, or another account has it too: then a domain controller takes neither. */
  upn: () => {
    const shared = withSharedName(({ userPrincipalName }) => userPrincipalName);
    return {
      ofUser: (person) => (person.userPrincipalName === undefined ? [person] : shared.ofUser(person)),
      knownByAccount: shared.knownByAccount,
    };
  },
  /** Accounts of several domains have it: without a domain it is not known whose it is. */
  username: () => withSharedName(({ accountName }) => accountName),
};

function withSharedName(nameOf: (person: Person) => string | undefined): FailureTest {
  const firsts = new Map<string, Person | 'reported'>();
  return {
    ofUser(person) {
      const name = nameOf(person)?.toLowerCase();
      if (name === undefined) return [];
      const first = firsts.get(name);
      firsts.set(name, first === undefined ? person : 'reported');
      if (first === undefined) return [];
      return first === 'reported' ? [person] : [first, person];
    },
    knownByAccount(account) {
      const name = nameOf(account)?.toLowerCase() ?? '';
      const first = firsts.get(name);
      if (first === undefined || first === 'reported') return [];
      firsts.set(name, 'reported');
      return [first];
    },
  };
}

function personOf(entry: Entry): Person {
  return {
    name: textOf(entry, 'name') ?? entry.dn,
    userPrincipalName: textOf(entry, 'userPrincipalName'),
    accountName: textOf(entry, 'sAMAccountName'),
    ...addressOf(entry),
    dn: entry.dn,
  };
}

function addressOf(entry: Entry): Pick<UpnDifference, 'address' | 'addressFrom'> {
  // In proxyAddresses the primary address is the one whose type is in capitals.
  const primary = textsOf(entry, 'proxyAddresses').find((address) => address.startsWith('SMTP:'));
  if (primary !== undefined) return { address: primary.slice('SMTP:'.length), addressFrom: 'proxyAddresses' };
  const mail = textOf(entry, 'mail');
  return mail === undefined ? {} : { address: mail, addressFrom: 'mail' };
}

/** A warning if names differ or none could be compared, else a note. */
export function upnFindings(check: UpnCheck): readonly FindingDraft[] {
  const { users, differing, withoutAddress, first, read, sha256 } = check;
  const source = { name: reportName, read, sha256 };
  const aside = asideOf(check);
  if (users === 0 || (check.label === 'email' && users === withoutAddress)) {
    const title =
      users === 0
        ? 'No enabled mailbox user was found'
        : `None of ${counted(users, 'mailbox user')} has an e-mail address that can be seen`;
    const detail =
      'No user principal name could be compared: there are none, or this user has no right to see them, or the export lacks them.';
    return [warning('upn-not-checked', title, detail, { source })];
  }
  if (differing === 0)
    return [note('upn-checked', fine[check.label](check), aside, { source: { name: reportName, read } })];
  const { taken } = check;
  const { title, detail } = failures[check.label];
  return [
    warning(
      'upn-differs',
      `${differing.toLocaleString('en')} of ${counted(users, 'mailbox user')} ${title}`,
      `${detail} The change folder lists all of them, once it is saved: ${reportName}. ${aside}`.trimEnd(),
      {
        evidence: first.map(
          (one) => `${one.name}: ${one.userPrincipalName ?? '(none)'}, e-mail address ${one.address ?? '(none)'}`,
        ),
        measure: { value: differing, unit: 'entries' },
        source,
      },
    ),
    ...(taken.count === 0
      ? []
      : [
          warning(
            'address-of-another',
            `${counted(taken.count, 'mailbox user')} with an e-mail address that is the user principal name of another account`,
            'A user who types that address is logged on as the other account if the password matches, and refused otherwise. First give these users other addresses or user principal names.',
            {
              evidence: taken.first.map(({ name, address, owner }) => `${name}: ${address} is the name of ${owner}`),
              measure: { value: taken.count, unit: 'entries' },
              source,
            },
          ),
        ]),
  ];
}

/** The sentence about all users together, by the kind of label. */
const fine: Readonly<Record<Label, (check: UpnCheck) => string>> = {
  email: ({ users, withoutAddress }) =>
    `The user principal name of all ${counted(users - withoutAddress, 'mailbox user')} with an e-mail address is that address`,
  upn: ({ users }) => `All ${counted(users, 'mailbox user')} have a unique user principal name`,
  username: ({ users }) => `The user names of all ${counted(users, 'mailbox user')} are unique in the forest`,
};

/** The users who could not log on, by the kind of label. */
const failures: Readonly<Record<Label, { readonly title: string; readonly detail: string }>> = {
  email: {
    title: 'have a user principal name that differs from their e-mail address',
    detail:
      'They could not log on with their e-mail address. Make it their user principal name, or choose another label.',
  },
  upn: {
    title: 'have no user principal name, or share it with another account',
    detail: 'They could not log on with it. Correct it, or choose another label.',
  },
  username: {
    title: 'share their user name with an account of another domain',
    detail:
      'Without a domain the name is ambiguous, and the logon goes to the domain that TMG asks first. Choose another label, or let these users keep typing DOMAIN\\user.',
  },
};

/** The report for the change folder, if names differ. */
export function upnRecords({
  upns,
}: {
  readonly upns?: UpnCheck;
}): readonly { readonly name: string; readonly content: readonly string[] }[] {
  return upns === undefined || upns.differing === 0 ? [] : [{ name: reportName, content: upns.report }];
}

function asideOf({ byMail, withoutAddress }: UpnComparison): string {
  const parts = [
    ...(byMail === 0
      ? []
      : [`For ${byMail.toLocaleString('en')} the attribute mail was compared: they have no primary SMTP address.`]),
    ...(withoutAddress === 0 ? [] : [`${withoutAddress.toLocaleString('en')} have no address at all.`]),
  ];
  return parts.join(' ');
}

/** A byte order mark, by which Excel knows UTF-8, and the names of the columns. */
export const reportHead = '\ufeffname,userPrincipalName,primarySmtpAddress,addressFrom,distinguishedName\r\n';

/** One record of the report (RFC 4180). */
export function reportLine(one: UpnDifference): string {
  const fields = [one.name, one.userPrincipalName ?? '', one.address ?? '', one.addressFrom ?? '', one.dn];
  return `${fields.map(csvField).join(',')}\r\n`;
}

/** A text that a spreadsheet would take for a formula gets an apostrophe before it. */
function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
