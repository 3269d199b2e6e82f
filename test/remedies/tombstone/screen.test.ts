import { describe, expect, test } from 'vitest';
import type { TombstoneFacts } from '../../../src/remedies/tombstone/facts.ts';
import { surveyLines } from '../../../src/remedies/tombstone/screen.ts';
import { standingsOf } from '../../../src/remedies/tombstone/standing.ts';
import { createStyle } from '../../../src/terminal/style.ts';
import {
  answering,
  configuration,
  cursor,
  daysAgo,
  dc,
  domain,
  factsOf,
  link,
  replicated,
  unreachable,
} from './support/facts.ts';

function shown(facts: TombstoneFacts, width: number): readonly string[] {
  return [...surveyLines(facts, standingsOf(facts), { style: createStyle(false), width })];
}

const withOneGone = factsOf({
  lifetime: 60,
  domainControllers: [
    answering(dc(1), [link(2, configuration, 0), link(2, domain, 0)], { cursors: [cursor(3, 71)] }),
    replicated(dc(2), 1, 0),
    unreachable(dc(3, { site: 'Paramaribo' })),
  ],
  deletedObjects: [{ kind: 'none-or-not-permitted', namingContext: configuration }],
  backups: [
    { namingContext: domain, time: daysAgo(9) },
    { namingContext: configuration, time: 'never-or-not-told' },
  ],
});

describe('the survey', () => {
  test('has bars where there is room for them', () => {
    expect(shown(withOneGone, 98).join('\n')).toMatch(/unreachable; last heard 71 days ago {2}█+ +> 100 %/);
  });

  test('on 80 columns gives the bars up before a word, and cuts nothing', () => {
    const lines = shown(withOneGone, 78);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(78);
    const text = lines.join('\n');
    expect(text).toMatch(/DC3 +Paramaribo +unreachable; last heard 71 days ago +> 100 % +→ past lifetime/);
    expect(text).toContain('Last inbound success, of 60 days');
    expect(text.replace(/\s+/g, ' ')).toContain(`the oldest of all naming contexts: ${domain}; 1 more not known`);
    expect(text).not.toContain('…');
  });

  test('of an export does not blame the rights of a user for what is not in it', () => {
    const facts = factsOf({
      isExport: true,
      deletedObjects: [{ kind: 'unknown', namingContext: domain, why: 'none in the export' }],
      backups: [{ namingContext: domain, time: 'never-or-not-told' }],
    });
    const text = shown(facts, 98).join('\n');
    expect(text).toMatch(/Deleted objects now +none seen +none in the export/);
    expect(text).toMatch(/Last backup +not known +the export does not tell/);
    expect(text).not.toContain('permitted');
  });
});
