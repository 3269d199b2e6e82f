/**
 * Which domain controller a run is about: by the flags or the wizard, by the directory, or by the entries that a plan
 * deletes.
 */

import { DnSyntaxError, isSameOrBelow, parseDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { plannedTexts } from '../../change/entry-content.ts';
import { type DeletedEntry, type DirectoryChange, deletedBy, type Proposal } from '../../change/plan.ts';
import { SubjectMissingError, UsageError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { listed, nearestName } from '../../words.ts';
import type { RemedyOptions } from '../remedy.ts';
import type { Candidate } from './candidates.ts';
import type { flags as flagTable } from './flags.ts';

/** The DC as the user named it. */
export type Wanted = { readonly kind: 'name'; readonly name: string } | { readonly kind: 'dn'; readonly dn: string };

/** The answers from flags and wizard. */
export interface MetadataOptions extends RemedyOptions {
  /** undefined: to be asked. */
  readonly wanted: Wanted | undefined;
  /** Whether the wizard has offered the supported ways. */
  readonly isWayAsked: boolean;
}

/** The given flags of this remedy, and --accept. */
export type GivenFlags = Flags<typeof flagTable> & { readonly accept: readonly string[] };

/** @throws UsageError for --dc together with --dn, and for a --dn that is no DN */
export function readOptions({ dc, dn, accept }: GivenFlags): MetadataOptions {
  if (dc !== undefined && dn !== undefined) {
    throw new UsageError({
      attempted: 'choose the domain controller',
      on: '--dc with --dn',
      cameBack: 'both name a domain controller',
      next: 'Give only one of them.',
    });
  }
  return { wanted: wantedOf(dc, dn), isWayAsked: false, accept };
}

function wantedOf(dc: string | undefined, dn: string | undefined): Wanted | undefined {
  if (dn === undefined) return dc === undefined ? undefined : { kind: 'name', name: dc };
  try {
    parseDn(dn);
    return { kind: 'dn', dn };
  } catch (error) {
    if (!(error instanceof DnSyntaxError)) throw error;
    const { attempted, cameBack, next } = error.trouble;
    throw new UsageError({ attempted, on: `--dn ${dn}`, cameBack, next, cause: error });
  }
}

/**
 * The candidate of a name (short name, DNS name or SAM account name) or of a DN.
 * @throws SubjectMissingError if there is none; UsageError if there are several
 */
export function findCandidate(candidates: readonly Candidate[], wanted: Wanted): Candidate {
  const found = candidates.filter((one) => (wanted.kind === 'dn' ? hasDn(one, wanted.dn) : isCalled(one, wanted.name)));
  const [only, ...more] = found;
  const on = wanted.kind === 'dn' ? wanted.dn : wanted.name;
  if (only === undefined) {
    const names = candidates.map(({ name }) => name);
    const near = nearestName(wanted.kind === 'dn' ? rdnOf(wanted.dn).value : wanted.name, names);
    const all =
      names.length === 0
        ? 'None was found: an export may lack CN=Sites of the Configuration partition.'
        : `Found: ${listed(names, 12)}.`;
    throw new SubjectMissingError({
      attempted: 'find the domain controller',
      on,
      cameBack: 'the forest has no domain controller, leftover server object or domain controller account of this name',
      next: near === undefined ? all : `Did you mean ${near}?`,
    });
  }
  if (more.length === 0) return only;
  throw new UsageError({
    attempted: 'choose the domain controller',
    on,
    cameBack: `${found.length} have this name`,
    next: `Name one by its DN with --dn: ${found.map(({ dn }) => `"${dn}"`).join(' or ')}.`,
  });
}

function hasDn({ dn, settings, account }: Candidate, wanted: string): boolean {
  return [dn, settings?.dn, account?.dn].some((own) => own !== undefined && sameDn(own, wanted));
}

function isCalled({ name, host }: Candidate, wanted: string): boolean {
  const asked = wanted.toLowerCase().replace(/[$.]$/, '');
  return name.toLowerCase() === asked || host?.toLowerCase() === asked;
}

/** The names and DNs of the DC that is gone. */
export interface Identity {
  readonly name: string;
  /** dNSHostName. */
  readonly host: string | undefined;
  readonly serverDn: string | undefined;
  /** NTDS Settings. */
  readonly settings: { readonly dn: string; readonly dsaGuid: string | undefined } | undefined;
  readonly accountDn: string | undefined;
  /** Of an RODC: its krbtgt account. */
  readonly kerberosDn: string | undefined;
  /** DN of its domain. */
  readonly domain: string | undefined;
  /** objectGUIDs of its entries, as far as they are known: they may be deleted already. */
  readonly guids: ReadonlySet<string>;
}

/** The DC as the directory shows it. */
export function identityOf({ kind, name, host, dn, settings, account, domain }: Candidate): Identity {
  return {
    name,
    host,
    serverDn: kind === 'account' ? undefined : dn,
    settings,
    accountDn: account?.dn,
    kerberosDn: account?.kerberosAccount,
    domain,
    guids: new Set([settings?.dsaGuid, account?.guid].flatMap((guid) => guid ?? [])),
  };
}

type Changes = Pick<Proposal<DirectoryChange>, 'changes' | 'intent'>;

/** The DC whose entries these changes delete; undefined if they delete none of a DC. */
export function identityIn({ changes, intent }: Changes): Identity | undefined {
  const entries = changes.flatMap(deletedBy);
  const { server, settings, account, kerberos } = partsOf(entries);
  const top = server ?? account;
  if (top === undefined) return undefined;
  const { domain } = intent;
  return {
    name: rdnOf(top.dn).value,
    host: [server, account].flatMap((entry) => (entry === undefined ? [] : plannedTexts(entry, 'dNSHostName')))[0],
    serverDn: server?.dn,
    settings: settings === undefined ? undefined : { dn: settings.dn, dsaGuid: settings.guid },
    accountDn: account?.dn,
    kerberosDn: kerberos?.dn,
    domain: typeof domain === 'string' && domain !== '' ? domain : undefined,
    guids: new Set(entries.map(({ guid }) => guid)),
  };
}

/** Whether a plan deletes any of a DC's own entries: its server object, its NTDS Settings or its account. */
export function isOf(planned: Identity, { dn, settings, account }: Candidate): boolean {
  const toDelete = [planned.serverDn, planned.settings?.dn, planned.accountDn].flatMap((one) => one ?? []);
  const own = [dn, settings?.dn, account?.dn].flatMap((one) => one ?? []);
  return toDelete.some((one) => own.some((other) => sameDn(one, other)));
}

/**
 * The DC of a plan as the directory has it: a plan may say anything of its entries. What of it is deleted already only
 * the plan knows; its account is not believed to be one unless the directory shows it.
 */
export function asFound(planned: Identity, candidate: Candidate | undefined): Identity {
  if (candidate === undefined) return { ...planned, accountDn: undefined, kerberosDn: undefined };
  const found = identityOf(candidate);
  return {
    ...found,
    host: found.host ?? planned.host,
    serverDn: found.serverDn ?? planned.serverDn,
    settings: found.settings ?? planned.settings,
    domain: found.domain ?? planned.domain,
    guids: new Set([...planned.guids, ...found.guids]),
  };
}

/** The entries of a DC among those that are deleted. */
export function partsOf(entries: readonly DeletedEntry[]): {
  readonly server: DeletedEntry | undefined;
  readonly settings: DeletedEntry | undefined;
  readonly account: DeletedEntry | undefined;
  readonly kerberos: DeletedEntry | undefined;
} {
  const ofClass = (name: string): DeletedEntry | undefined => entries.find((entry) => isOfClass(entry, name));
  return {
    server: ofClass('server'),
    settings: ofClass('nTDSDSA'),
    account: ofClass('computer'),
    kerberos: entries.find((entry) => isKerberosAccount(entry)),
  };
}

/**
 * objectGUIDs of the entries that only the promotion of a DC makes: NTDS Settings with all below, connections from it, its
 * pool of RIDs, and the Kerberos account of an RODC. No client may add or restore them (MS-ADTS 3.1.1.5.2.2 and
 * 3.1.1.5.3.7.1), or write the number that makes an account that of an RODC: msDS-SecondaryKrbTgtNumber is systemOnly.
 */
export function madeByPromotion(entries: readonly DeletedEntry[]): ReadonlySet<string> {
  const { settings } = partsOf(entries);
  const isMade = (entry: DeletedEntry): boolean =>
    (settings !== undefined && isSameOrBelow(entry.dn, settings.dn)) ||
    isOfClass(entry, 'nTDSConnection') ||
    isOfClass(entry, 'rIDSet') ||
    isKerberosAccount(entry);
  return new Set(entries.filter(isMade).map(({ guid }) => guid));
}

/** The krbtgt account of an RODC has a number in its name (MS-ADTS 6.1.1.3.2); that of the domain has none. */
export function isKerberosAccount(entry: DeletedEntry): boolean {
  return plannedTexts(entry, 'sAMAccountName').some((name) => /^krbtgt_\d+$/i.test(name));
}

/** Whether one of the object classes of an entry is this one, in any case. */
export function isOfClass(entry: DeletedEntry, name: string): boolean {
  return plannedTexts(entry, 'objectClass').some((one) => one.toLowerCase() === name.toLowerCase());
}
