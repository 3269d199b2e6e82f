/** Asks which domain controller is gone, and whether a supported way is open. */

import type { Answer, Asking, Step } from '../remedy.ts';
import type { Candidate } from './candidates.ts';
import type { MetadataFacts } from './gather.ts';
import type { MetadataOptions } from './options.ts';
import { type SupportedWay, waysFor } from './supported-ways.ts';
import { hintOf, verdictOf } from './survey.ts';

const whereElseToLook: Step = {
  text: 'The list holds each server object of the forest and each account of a domain controller. For one that is not in it, look for DNS records and for members of replication groups (DFS Replication) by hand.',
  commands: ['dcdiag /test:dns /e'],
};

export async function ask(
  facts: MetadataFacts,
  options: MetadataOptions,
  { prompter, isWizard }: Asking,
): Promise<Answer<MetadataOptions>> {
  const { chosen, candidates } = facts;
  if (chosen === undefined) {
    const likeliest = candidates.findIndex((one) => ['left over', 'gone'].includes(verdictOf(one, facts)));
    const one = await prompter.select<Candidate | 'none'>({
      id: 'metadata.dc',
      message: 'Which domain controller is gone for good?',
      flag: '--dc NAME or --dn DN',
      filterable: true,
      initial: likeliest === -1 ? candidates.length : likeliest,
      choices: candidates.map((each) => ({ value: each, label: each.name, hint: hintOf(each, facts) })),
      noneOfThese: { value: 'none', label: 'None of them', hint: 'change nothing' },
    });
    if (one === 'none') return { kind: 'other-way', steps: [whereElseToLook] };
    return { kind: 'look-again', options: { ...options, wanted: { kind: 'dn', dn: one.dn } } };
  }
  const ways = waysFor(chosen.identity);
  if (!isWizard || options.isWayAsked || ways.length === 0) return { kind: 'settled', options };
  const way = await prompter.select<SupportedWay | 'none'>({
    id: 'metadata.supported-way',
    message: `Microsoft supports other ways to remove ${chosen.identity.name}. Do you want to use one of them?`,
    flag: '--dc NAME',
    choices: [
      ...ways.map((one) => ({ value: one.way, label: one.label, hint: one.hint })),
      { value: 'none', label: 'None of them: go on to remove it here' },
    ],
  });
  if (way === 'none') return { kind: 'settled', options: { ...options, isWayAsked: true } };
  return { kind: 'other-way', steps: ways.map(({ step }) => step) };
}
