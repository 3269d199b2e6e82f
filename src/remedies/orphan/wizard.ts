/** The questions of the orphan remedy. What a flag has answered is not asked. */

import { parentDn, rdnOf } from '../../ad/dn.ts';
import type { Finding } from '../../change/findings.ts';

import type { Prompter } from '../../terminal/prompter.ts';
import type { OrphanFacts } from './gather.ts';
import type { CleanUp } from './options.ts';
import { cleanableReferrers } from './plan.ts';
import { isOnlyProvisioned } from './roles.ts';
import { accountInWords, likeliestFirst, tellingName } from './screen.ts';
import type { SurveyedServer } from './survey.ts';

/** Asks which server object; the likeliest orphan is offered first, and typing narrows the list. */
export function askServer(
  servers: readonly SurveyedServer[],
  suggested: SurveyedServer | undefined,
  now: Date,
  prompter: Prompter,
): Promise<SurveyedServer> {
  const [likeliest] = likeliestFirst(servers);
  const first = suggested ?? likeliest;
  return prompter.select({
    id: 'orphan.server',
    message: 'Which server object is the orphan?',
    flag: '--name SERVER or --dn DN',
    filterable: true,
    initial: Math.max(0, first === undefined ? 0 : servers.indexOf(first)),
    choices: servers.map((one) => ({
      value: one,
      label: tellingName(one, servers),
      hint: [
        one.evidence.verdict,
        `account ${accountInWords(one.account, now)}`,
        ...one.evidence.for,
        ...one.evidence.against.map((sign) => `but ${sign}`),
      ].join('; '),
    })),
  });
}

export type SupportedWay = 'none' | 'resume' | 'recover' | 'provisioned';

/** Asks whether one of the ways that Microsoft supports is open, before anything else. */
export function askSupportedWay(chosen: SurveyedServer, prompter: Prompter): Promise<SupportedWay> {
  const { name, roles } = chosen.server;
  return prompter.select<SupportedWay>({
    id: 'orphan.supported-way',
    message: `Microsoft supports other ways than deleting ${name}. Is one of them open to you?`,
    flag: '--name SERVER',
    choices: [
      { value: 'resume', label: 'Setup can be run again on the machine', hint: 'it resumes where it failed' },
      {
        value: 'recover',
        label: 'A machine of the same name can be set up',
        hint: 'Setup /m:RecoverServer, then uninstall',
      },
      ...(isOnlyProvisioned(roles)
        ? [
            {
              value: 'provisioned' as const,
              label: `Setup /RemoveProvisionedServer:${name}`,
              hint: 'the object was only provisioned',
            },
          ]
        : []),
      { value: 'none', label: 'None of them: go on to delete the object' },
    ],
  });
}

/** Asks which of the references that would dangle are cleared; all of them at first. */
export async function askCleanUp(facts: OrphanFacts, prompter: Prompter): Promise<CleanUp> {
  const referrers = cleanableReferrers(facts).filter(({ reference }) => reference.kind !== 'linked');
  if (referrers.length === 0) return { kind: 'all' };
  const ids = await prompter.multiselect({
    id: 'orphan.clean-up',
    message: 'These would be left pointing at a deleted entry. Which shall be cleared?',
    choices: referrers.map(({ id, dn, reference }) => ({
      value: id,
      label: `${reference.attribute} of ${rdnOf(dn).value}`,
      hint: `${reference.who}, in ${rdnOf(parentDn(dn) ?? dn).value}`,
    })),
    initial: referrers.map(({ id }) => id),
  });
  return ids.length === referrers.length ? { kind: 'all' } : { kind: 'only', ids: new Set(ids) };
}

/** Asks about each blocker that a person may overrule; gives the ids of those accepted. */
export async function askAboutBlockers(standing: readonly Finding[], prompter: Prompter): Promise<readonly string[]> {
  const accepted: string[] = [];
  for (const { id, title, acceptable } of standing) {
    if (!acceptable) continue;
    const yes = await prompter.confirm({
      id: `orphan.accept.${id}`,
      message: `${title}. Go on all the same?`,
      flag: `--accept ${id}`,
    });
    if (yes) accepted.push(id);
  }
  return accepted;
}
