/** What was found, on the screen: the lifetime, and every DC against it. */

import { bar } from '../../terminal/bar.ts';
import type { Style } from '../../terminal/style.ts';
import { type Cell, table } from '../../terminal/table.ts';
import { displayWidth, pad } from '../../terminal/text-width.ts';
import { visible } from '../../terminal/visible.ts';
import { wrapped } from '../../terminal/wrapped.ts';
import { agoInWords } from '../../words.ts';
import { addedUp, countFrom, oldestOf } from './deleted-objects.ts';
import { lastSuccessInWords, percentInWords, stageInWords } from './domain-controller-line.ts';
import type { TombstoneFacts } from './facts.ts';
import { effectiveLifetime, unsetInWords } from './lifetime.ts';
import { percentOf, type Standing, silenceOf, stageOf } from './standing.ts';

export interface ScreenOptions {
  readonly style: Style;
  /** In columns. */
  readonly width: number;
}

/** What was found, before anything is asked. */
export function* surveyLines(
  facts: TombstoneFacts,
  standings: readonly Standing[],
  options: ScreenOptions,
): Generator<string> {
  yield* wrapped(visible(headline(facts)), options.width, 2);
  yield '';
  yield* settingLines(facts, options);
  yield '';
  yield* domainControllerTable(facts, standings, options);
  yield '';
}

const tlsWords = { ldaps: 'LDAPS', starttls: 'StartTLS', none: 'without TLS' } as const;

function headline({ forest, source, isExport }: TombstoneFacts): string {
  const root = forest.namingContexts.find(({ dn }) => dn === forest.rootDomainNamingContext)?.dnsName;
  const name = root ?? forest.configurationNamingContext;
  if (isExport) return `Forest ${name}, configuration read from an export`;
  const what = [...(source.isGlobalCatalog ? ['GC'] : []), tlsWords[source.tls]].join(', ');
  return `Forest ${name}, configuration read from ${source.host} (${what})`;
}

function* settingLines(facts: TombstoneFacts, { style, width }: ScreenOptions): Generator<string> {
  const { settings, serverKind, forest, deletedObjects, isExport } = facts;
  const inForce = effectiveLifetime(settings, serverKind);
  const counts = [addedUp(deletedObjects, 'tombstones'), addedUp(deletedObjects, 'recoverable')];
  const all = countFrom(0, ...counts);
  const oldest = oldestOf(...counts);
  const unseen = deletedObjects.filter(({ kind }) => kind !== 'counted').length;
  const unseenWords =
    unseen === 0 ? '' : `; in ${unseen} of ${deletedObjects.length} naming contexts ${unseenInWords(isExport)}`;
  const rows: (readonly [string, string, string])[] = [
    [
      'tombstoneLifetime',
      `${inForce} days`,
      settings.tombstoneLifetime === undefined
        ? unsetInWords(serverKind)
        : settings.tombstoneLifetime === inForce
          ? ''
          : `${settings.tombstoneLifetime} is stored, too small to be honoured`,
    ],
    ['Recycle Bin', forest.recycleBin, `deleted objects kept: ${keptFor(facts, inForce)}`],
    [
      'Deleted objects now',
      all === 0 ? 'none seen' : all.toLocaleString('en'),
      oldest === undefined ? unseenInWords(isExport) : `oldest ${oldest} days${unseenWords}`,
    ],
    ['Last backup', ...lastBackup(facts)],
  ];
  yield* remarked(rows, style, width);
}

/** Names, values and remarks one below the other; a remark that is too long goes on below itself. */
function* remarked(
  rows: readonly (readonly [string, string, string])[],
  style: Style,
  width: number,
): Generator<string> {
  const widest = (column: 0 | 1): number => Math.max(...rows.map((row) => displayWidth(row[column])));
  const left = widest(0) + 2 + widest(1) + 2;
  for (const [name, value, remark] of rows) {
    const lines = wrapped(visible(remark), Math.max(20, width - left), 0);
    for (const [index, line] of lines.entries()) {
      const before = index === 0 ? `${pad(name, widest(0) + 2)}${value}` : '';
      yield line === '' ? before : pad(before, left) + style.dim(line);
    }
  }
}

function unseenInWords(isExport: boolean): string {
  return isExport ? 'none in the export' : 'not permitted or none';
}

function keptFor({ forest, settings }: TombstoneFacts, inForce: number): string {
  if (forest.recycleBin !== 'on') return `${inForce} days`;
  return `${settings.deletedObjectLifetime ?? inForce} days in the Recycle Bin, then ${inForce}`;
}

/** Of the naming context whose backup is the oldest. */
function lastBackup({ backups, now, isExport }: TombstoneFacts): readonly [string, string] {
  const known = backups.filter((backup) => backup.time instanceof Date);
  const [oldest] = known.toSorted((one, other) => Number(one.time) - Number(other.time));
  if (oldest === undefined || !(oldest.time instanceof Date)) {
    return ['not known', isExport ? 'the export does not tell' : 'never, or not permitted to see'];
  }
  const untold = backups.length - known.length;
  const more = untold === 0 ? '' : `; ${untold} more not known`;
  return [agoInWords(oldest.time, now), `the oldest of all naming contexts: ${oldest.namingContext}${more}`];
}

const widestBar = 16;

/** A row a DC. Where the screen is too narrow for all of it, the bar gives way: the percentage says the same. */
function domainControllerTable(
  facts: TombstoneFacts,
  standings: readonly Standing[],
  { style, width }: ScreenOptions,
): readonly string[] {
  const days = effectiveLifetime(facts.settings, facts.serverKind);
  const lifetime = `of ${days} days`;
  const rows = standings.map((standing) => {
    const silence = silenceOf(standing);
    const stage = stageInWords(standing, days);
    return {
      paint: silence === undefined ? style.dim : painted(stageOf(silence, days), style),
      left: [standing.name, standing.domainController.site, lastSuccessInWords(standing, facts.now, 'last heard')],
      percent: silence === undefined ? 0 : percentOf(silence, days),
      right: [percentInWords(standing, days), stage === '' ? '' : `→ ${stage}`],
    };
  });
  const words = [['DC', 'Site', 'Last inbound success', '', ''], ...rows.map(({ left, right }) => [...left, ...right])];
  const widths = [0, 1, 2, 3, 4].map((at) => Math.max(...words.map((row) => displayWidth(row[at] ?? ''))));
  const room = width - widths.reduce((sum, one) => sum + one + 2, 0);
  const barColumns = room < displayWidth(lifetime) ? 0 : Math.min(widestBar, room);
  const headings =
    barColumns === 0
      ? ['DC', 'Site', `Last inbound success, ${lifetime}`, '', '']
      : ['DC', 'Site', 'Last inbound success', lifetime, '', ''];
  return table(
    [
      headings.map((text): Cell => ({ text, style: style.dim })),
      ...rows.map(({ paint, left, percent, right }): Cell[] => [
        ...left,
        ...[...(barColumns === 0 ? [] : [bar(percent, barColumns)]), ...right].map((text) => ({ text, style: paint })),
      ]),
    ],
    [{}, {}, {}, ...(barColumns === 0 ? [] : [{}]), { align: 'right' }, {}],
    width,
  );
}

function painted(stage: ReturnType<typeof stageOf>, style: Style): (text: string) => string {
  switch (stage) {
    case 'past-lifetime':
      return style.blocker;
    case 'near-lifetime':
    case 'watch-list':
      return style.warning;
    case 'fine':
      return style.added;
  }
}
