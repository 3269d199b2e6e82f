/** Asks for the reference, the DCs to look at, and the naming contexts. */

import type { DomainController } from '../../ad/forest.ts';
import { counted } from '../../words.ts';
import type { Answer, Asking } from '../remedy.ts';
import type { LingeringFacts } from './gather.ts';
import type { LingeringOptions } from './options.ts';

export async function ask(
  facts: LingeringFacts,
  options: LingeringOptions,
  { prompter, isWizard }: Asking,
): Promise<Answer<LingeringOptions>> {
  if (facts.scope !== undefined) return { kind: 'settled', options };
  const { parties } = facts.replication;
  const reference = await prompter.select({
    id: 'lingering.reference',
    message: 'Which domain controller is right? What it has deleted is looked for on the others',
    flag: '--reference DC',
    filterable: true,
    choices: parties.map(({ name, domainController, state }) => ({
      value: domainController,
      label: name,
      hint: domainController.site,
      ...(domainController.isReadOnly ? { disabled: 'read-only' } : {}),
      ...(state.kind === 'unreachable' ? { disabled: 'does not answer' } : {}),
    })),
  });
  const others = parties.filter(({ domainController }) => domainController !== reference);
  const targets =
    options.targets.length > 0 || !isWizard || others.length < 2
      ? options.targets
      : await prompter.multiselect({
          id: 'lingering.targets',
          message: `Look for lingering objects on which of the other ${counted(others.length, 'DC')}?`,
          flag: '--target DC',
          minimum: 1,
          initial: others.map(({ domainController }) => hostOf(domainController)),
          choices: others.map(({ name, domainController }) => ({
            value: hostOf(domainController),
            label: name,
            hint: domainController.site,
          })),
        });
  const contexts = facts.forest.namingContexts.filter(({ kind }) => kind !== 'schema').map(({ dn }) => dn);
  const partitions =
    options.partitions.length > 0 || !isWizard || contexts.length < 2
      ? options.partitions
      : await prompter.multiselect({
          id: 'lingering.partitions',
          message: 'Compare which naming contexts?',
          flag: '--partition DN',
          minimum: 1,
          initial: contexts,
          choices: contexts.map((dn) => ({ value: dn, label: dn })),
        });
  return { kind: 'look-again', options: { ...options, reference: hostOf(reference), targets, partitions } };
}

function hostOf({ dnsHostName, name }: DomainController): string {
  return dnsHostName ?? name;
}
