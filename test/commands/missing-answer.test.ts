/** An answer that no flag gives, where no question can be asked: the same words and exit status in every remedy. */

import { describe, expect, test } from 'vitest';
import { remedies } from '../../src/remedies/index.ts';
import { practiceForest } from '../support/practice-forest.ts';
import { type PracticeSite, siteInMemory } from '../support/practice-site.ts';
import { answering } from '../support/prompter-double.ts';
import { remedyCommand } from '../support/remedy-commands.ts';

const forest = practiceForest();
const site = (): Promise<PracticeSite> => siteInMemory(forest);

describe.each(remedies)('$name without an answer that it needs', ({ name }) => {
  const command = remedyCommand(name);

  test.each([
    ['--json', undefined, '--json asks nothing', 'run it at a terminal without --json'],
    ['--json', answering({}), '--json asks nothing', 'leave out --json'],
    ['--no-color', undefined, 'there is no terminal to ask at', 'run it at a terminal'],
    ['--yes', answering({}), '--yes asks nothing', 'leave out --yes'],
  ])('with %s exits 64 and names the flag for it', async (flag, prompter, result, otherWay) => {
    const run = await (await site()).run(command, [flag], prompter);
    expect(run.status).toBe(64);
    expect(prompter?.asked ?? []).toEqual([]);
    expect(run.stderr).toContain('error  Could not ask a question\n');
    expect(run.stderr).toContain(`\n  result     ${result}\n`);
    const next = /\n {2}next {7}(.*)\n/.exec(run.stderr)?.[1];
    expect(next).toMatch(new RegExp(`^Give --[a-z-]+ .*, or ${otherWay}\\.$`));
    if (flag !== '--json') return;
    expect(JSON.parse(run.stdout).error).toMatchObject({ code: 'usage', cameBack: result, next });
  });
});
