/** Which DCs and naming contexts are compared: from flags, from answers, or from a plan. */

import { sameDn } from '../../ad/dn.ts';
import { type DomainController, type Forest, hostOf } from '../../ad/forest.ts';
import type { Intent, JsonValue } from '../../change/plan.ts';
import { DirectoryError, SubjectMissingError, UsageError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { distinct } from '../../words.ts';
import type { RemedyOptions } from '../remedy.ts';
import { hasFullCopy } from './compare.ts';
import type { flags as flagTable } from './flags.ts';

export interface LingeringOptions extends RemedyOptions {
  /** A DC's short name or DNS name; undefined: to be asked. */
  readonly reference: string | undefined;
  /** [] for all others. */
  readonly targets: readonly string[];
  /** DNs; [] for all but the Schema. */
  readonly partitions: readonly string[];
}

/** What was given for this remedy's flags and for --accept. */
export type GivenFlags = Flags<typeof flagTable> & { readonly accept: readonly string[] };

export function readOptions({ reference, target, partition, accept }: GivenFlags): LingeringOptions {
  return { reference, targets: target, partitions: partition, accept };
}

/** What is compared with what. */
export interface LingeringScope {
  readonly reference: DomainController;
  readonly targets: readonly DomainController[];
  /** DNs of naming contexts. */
  readonly partitions: readonly string[];
}

/**
 * The DCs and naming contexts that the options name; undefined while no reference is chosen.
 * @throws SubjectMissingError for a name that the forest does not have; UsageError for one that cannot be used
 */
export function scopeOf(forest: Forest, options: LingeringOptions): LingeringScope | undefined {
  if (options.reference === undefined) return undefined;
  const reference = domainControllerOf(forest, options.reference, '--reference');
  if (reference.isReadOnly) throw unusable('--reference', options.reference, 'it is read-only');
  const partitions = partitionsOf(forest, options.partitions);
  const others = forest.domainControllers.filter(
    (one) => one !== reference && partitions.some((partition) => hasFullCopy(one, partition)),
  );
  const named = options.targets.map((name) => domainControllerOf(forest, name, '--target'));
  if (named.includes(reference)) {
    throw unusable('--target', reference.name, 'it is the reference, which is always compared with the others');
  }
  return { reference, targets: named.length === 0 ? others : distinct(named), partitions };
}

function domainControllerOf({ domainControllers }: Forest, name: string, flag: string): DomainController {
  const wanted = name.toLowerCase();
  const byHost = domainControllers.filter(({ dnsHostName }) => dnsHostName?.toLowerCase() === wanted);
  const found = byHost.length > 0 ? byHost : domainControllers.filter((one) => one.name.toLowerCase() === wanted);
  const [only, ...more] = found;
  if (only === undefined) {
    throw new SubjectMissingError({
      attempted: `read ${flag}`,
      on: name,
      cameBack: 'the forest has no domain controller of this name',
      next: `Name one of: ${domainControllers.map(hostOf).join(', ')}`,
    });
  }
  if (more.length > 0) throw unusable(flag, name, 'several domain controllers have this name: give the DNS name');
  return only;
}

function partitionsOf({ namingContexts }: Forest, named: readonly string[]): readonly string[] {
  const known = namingContexts.filter(({ kind }) => kind !== 'schema').map(({ dn }) => dn);
  if (named.length === 0) return known;
  const found = named.map((name) => {
    const partition = known.find((dn) => sameDnOrNot(dn, name));
    if (partition !== undefined) return partition;
    throw new SubjectMissingError({
      attempted: 'read --partition',
      on: name,
      cameBack: 'it is no naming context of the forest that can be compared (the Schema has no deleted objects)',
      next: `Name one of: ${known.join(' · ')}`,
    });
  });
  return distinct(found);
}

/** A text that is no DN is no naming context. */
function sameDnOrNot(dn: string, text: string): boolean {
  try {
    return sameDn(dn, text);
  } catch (error) {
    if (error instanceof DirectoryError) return false;
    throw error;
  }
}

function unusable(flag: string, on: string, cameBack: string): UsageError {
  return new UsageError({ attempted: `read ${flag}`, on, cameBack, next: 'Name another domain controller.' });
}

/** The scope as a plan keeps it. */
export function intentOf({ reference, targets, partitions }: LingeringScope): Intent {
  return {
    reference: hostOf(reference),
    targets: targets.map(hostOf),
    partitions,
  };
}

/** The options that a plan was made with. */
export function optionsOf({ intent }: { readonly intent: Intent }): LingeringOptions {
  const { reference, targets, partitions } = intent;
  return {
    reference: typeof reference === 'string' ? reference : undefined,
    targets: textsIn(targets),
    partitions: textsIn(partitions),
    accept: [],
  };
}

function textsIn(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one: JsonValue) => typeof one === 'string') : [];
}
