/** Which domain controller a run of the remedy is about. The wizard and the flags both end in this. */

import { DnSyntaxError, parseDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { SubjectMissingError, UsageError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { listed, nearestName } from '../../words.ts';
import type { RemedyOptions } from '../remedy.ts';
import type { Candidate } from './candidates.ts';
import type { flags as flagTable } from './flags.ts';

export type Wanted = { readonly kind: 'name'; readonly name: string } | { readonly kind: 'dn'; readonly dn: string };

export interface MetadataOptions extends RemedyOptions {
  /** undefined: to be asked. */
  readonly wanted: Wanted | undefined;
  /** Whether the wizard has offered the supported ways. */
  readonly isWayAsked: boolean;
}

/** What was given for this remedy's flags and for --accept. */
export type GivenFlags = Flags<typeof flagTable> & { readonly accept: readonly string[] };

/** @throws UsageError for --dc together with --dn, and for a --dn that is no DN */
export function readOptions({ dc, dn, accept }: GivenFlags): MetadataOptions {
  if (dc !== undefined && dn !== undefined) {
    throw new UsageError({
      attempted: 'choose the domain controller',
      on: '--dc with --dn',
      cameBack: 'each of them names a domain controller',
      next: 'Give one of them.',
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
    const near = nearestName(
      wanted.kind === 'dn' ? rdnOf(wanted.dn).value : wanted.name,
      candidates.map(({ name }) => name),
    );
    throw new SubjectMissingError({
      attempted: 'find the domain controller',
      on,
      cameBack:
        'the forest has no domain controller, left-over server object or domain controller account of this name',
      next:
        near === undefined
          ? candidates.length === 0
            ? 'There are none at all: an export may lack CN=Sites of the Configuration partition.'
            : `There are: ${listed(
                candidates.map(({ name }) => name),
                12,
              )}.`
          : `Did you mean ${near}?`,
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
