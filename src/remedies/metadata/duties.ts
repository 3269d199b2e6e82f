/** What the domain controller does for others: roles, global catalog, replicas, bridgehead; and that there is no way back. */

import { sameDn } from '../../ad/dn.ts';
import { seizeRole } from '../../ad/repadmin.ts';
import { blocker, type FindingDraft, finalBlocker, warning } from '../../change/findings.ts';
import type { DirectoryChange, Proposal } from '../../change/plan.ts';
import { deletedBy } from '../../change/undo-link.ts';
import { counted, listed } from '../../words.ts';
import type { Candidate } from './candidates.ts';
import type { Chosen, MetadataFacts } from './gather.ts';
import { partsOf } from './identity.ts';
import { leftOutReasons } from './propose.ts';
import { rolesOf } from './roles.ts';

/** The findings on what others need it for. */
export function dutyFindings(
  facts: MetadataFacts,
  chosen: Chosen,
  { changes }: Proposal<DirectoryChange>,
): readonly FindingDraft[] {
  const { candidate } = chosen;
  return [
    ...(candidate === undefined ? [] : [...domainFindings(candidate, facts), ...serviceFindings(candidate, facts)]),
    ...heldRoles(facts, chosen),
    ...bridgehead(chosen),
    ...noWayBack(chosen, changes),
  ];
}

function domainFindings(candidate: Candidate, { candidates, forest, target }: MetadataFacts): readonly FindingDraft[] {
  const { name, domain, kind } = candidate;
  if (domain === undefined) return [];
  const others = candidates.filter(
    (one) => one.kind === 'dc' && one !== candidate && one.domain !== undefined && sameDn(one.domain, domain),
  );
  const writable = others.filter(({ settings }) => settings?.isReadOnly === false);
  const here = forest.domainControllers.find(({ dnsHostName }) => dnsHostName === target.domainController);
  const isHeld = here === undefined || here.fullNamingContexts.some((dn) => sameDn(dn, domain));
  return [
    ...(kind === 'dc' && candidate.settings?.isReadOnly !== true && writable.length === 0
      ? [
          finalBlocker(
            'last-of-domain',
            `${name} is the last domain controller of its domain`,
            'Without it the domain is gone. Restore it from a backup; or remove the whole domain with ntdsutil, metadata cleanup, "remove selected domain".',
            { evidence: [domain], subjects: [name] },
          ),
        ]
      : []),
    ...(isHeld
      ? []
      : [
          finalBlocker(
            'other-domain',
            `${name} is of another domain than ${target.domainController}`,
            `Its account can only be deleted on a domain controller of its own domain. Run it again with --server ${
              writable.flatMap(({ host }) => host ?? [])[0] ?? 'and one of that domain'
            }.`,
            { evidence: [domain], subjects: [name] },
          ),
        ]),
  ];
}

function serviceFindings(candidate: Candidate, { candidates, forest }: MetadataFacts): readonly FindingDraft[] {
  const { name, settings, site } = candidate;
  if (settings === undefined) return [];
  const others = candidates.filter((one) => one.settings !== undefined && one !== candidate);
  const isLastCatalog =
    settings.isGlobalCatalog && !others.some((one) => one.site === site && one.settings?.isGlobalCatalog === true);
  const only = forest.namingContexts
    .filter(({ kind, dn }) => {
      const holds = (one: Candidate): boolean =>
        one.settings?.fullNamingContexts.some((held) => sameDn(held, dn)) === true;
      return kind === 'application' && holds(candidate) && !others.some(holds);
    })
    .map(({ dn }) => dn);
  return [
    ...(isLastCatalog
      ? [
          blocker(
            'last-global-catalog',
            `${name} was the last global catalog of ${site}`,
            'Logons and Exchange there need one of another site. Make another domain controller of the site a global catalog first.',
            { evidence: [site], subjects: [site] },
          ),
        ]
      : []),
    ...(only.length === 0
      ? []
      : [
          blocker(
            'only-replica',
            `${name} alone holds ${counted(only.length, 'application partition')}`,
            'What is in it is lost. Restore the domain controller, or accept that the partition is gone.',
            { evidence: only, subjects: only },
          ),
        ]),
  ];
}

function heldRoles({ roles, target }: MetadataFacts, { identity }: Chosen): readonly FindingDraft[] {
  const held = rolesOf(roles, identity.settings?.dn);
  const seized = held.filter(({ seize }) => seize !== undefined);
  const corrected = held.filter(({ seize }) => seize === undefined);
  return [
    ...(seized.length === 0
      ? []
      : [
          blocker(
            leftOutReasons.roles,
            `${identity.name} holds ${counted(seized.length, 'FSMO role')}`,
            `Give them to a living domain controller first: ${seized
              .flatMap(({ seize }) => (seize === undefined ? [] : [seizeRole(target.domainController, seize)]))
              .join('; ')}. If you accept, the roles belong to a deleted domain controller until they are seized.`,
            { evidence: seized.map(({ name, dn }) => `${name}: ${dn}`), subjects: seized.map(({ name }) => name) },
          ),
        ]),
    ...(corrected.length === 0
      ? []
      : [
          warning(
            'application-infrastructure',
            `The infrastructure role of ${counted(corrected.length, 'application partition')} goes to ${target.domainController}`,
            'No server uses this role, but adprep fails while it belongs to a deleted domain controller.',
            { evidence: corrected.map(({ dn }) => dn), subjects: corrected.map(({ dn }) => dn) },
          ),
        ]),
  ];
}

function bridgehead({ identity, remains }: Chosen): readonly FindingDraft[] {
  const transports = remains.server.flatMap(({ entry }) =>
    entry.attributes
      .filter(({ name }) => name.toLowerCase() === 'bridgeheadtransportlist')
      .flatMap(({ values }) => values.map(String)),
  );
  if (transports.length === 0) return [];
  return [
    blocker(
      'preferred-bridgehead',
      `${identity.name} is a preferred bridgehead server`,
      'While a site has preferred bridgeheads, no other domain controller takes their place. Name another one, or none, in Sites and Services.',
      { evidence: transports, subjects: [identity.name] },
    ),
  ];
}

/** A DC comes back by promotion only: no client may make or restore NTDS Settings (MS-ADTS 3.1.1.5.2.2). */
function noWayBack({ identity, remains }: Chosen, changes: readonly DirectoryChange[]): readonly FindingDraft[] {
  const { settings } = partsOf(changes.flatMap(deletedBy));
  if (settings === undefined) return [];
  return [
    blocker(
      'promotion-only',
      `No undo brings ${identity.name} back as a domain controller`,
      `Undo brings back its server object, account, SYSVOL membership, references and DNS records, but not its NTDS Settings, its pool of RIDs and the connections (${listed(
        [counted(remains.connections.length, 'connection of others', 'connections of others')],
      )}). A domain controller comes back by promotion only. backup/before.ldf holds all of it.`,
      { evidence: [settings.dn], subjects: [identity.name] },
    ),
  ];
}
