/** The remedy's tables: the lifetime, every DC against it, and the deleted objects by age. */

import { agoInWords } from '../../directory/values.ts';
import { bar } from '../../terminal/bar.ts';
import type { Style } from '../../terminal/style.ts';
import { type Cell, table } from '../../terminal/table.ts';
import { addedUp, countFrom, oldestOf } from './deleted-objects.ts';
import { lastSuccessInWords, percentInWords, stageInWords } from './domain-controller-line.ts';
import type { TombstoneFacts } from './gather.ts';
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
  yield headline(facts);
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
  const { settings, serverKind, forest, deletedObjects } = facts;
  const inForce = effectiveLifetime(settings, serverKind);
  const counts = [addedUp(deletedObjects, 'tombstones'), addedUp(deletedObjects, 'recoverable')];
  const all = countFrom(0, ...counts);
  const oldest = oldestOf(...counts);
  const unseen = deletedObjects.filter(({ kind }) => kind !== 'counted').length;
  const unseenWords =
    unseen === 0 ? '' : `; in ${unseen} of ${deletedObjects.length} naming contexts not permitted or none`;
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
      `${oldest === undefined ? 'not permitted or none' : `oldest ${oldest} days${unseenWords}`}`,
    ],
    ['Last backup', ...lastBackup(facts)],
  ];
  yield* table(
    rows.map((row): Cell[] => [row[0], row[1], { text: row[2], style: style.dim }]),
    [{}, {}, {}],
    width,
  );
}

function keptFor({ forest, settings }: TombstoneFacts, inForce: number): string {
  if (forest.recycleBin !== 'on') return `${inForce} days`;
  return `${settings.deletedObjectLifetime ?? inForce} days in the Recycle Bin, then ${inForce}`;
}

/** Of the naming context whose backup is the oldest. */
function lastBackup({ backups, now }: TombstoneFacts): readonly [string, string] {
  const known = backups.filter((backup) => backup.time instanceof Date);
  const [oldest] = known.toSorted((one, other) => Number(one.time) - Number(other.time));
  if (oldest === undefined || !(oldest.time instanceof Date)) return ['not known', 'never, or not permitted to see'];
  const untold = backups.length - known.length;
  const more = untold === 0 ? '' : `; ${untold} others not known`;
  return [agoInWords(oldest.time, now), `the oldest of all naming contexts: ${oldest.namingContext}${more}`];
}

const barColumns = 16;

function domainControllerTable(
  facts: TombstoneFacts,
  standings: readonly Standing[],
  { style, width }: ScreenOptions,
): readonly string[] {
  const days = effectiveLifetime(facts.settings, facts.serverKind);
  const dim = (text: string): Cell => ({ text, style: style.dim });
  const rows = standings.map((standing): Cell[] => {
    const silence = silenceOf(standing);
    const paint = silence === undefined ? style.dim : painted(stageOf(silence, days), style);
    const stage = stageInWords(standing, days);
    return [
      standing.name,
      standing.domainController.site,
      lastSuccessInWords(standing, facts.now, 'last heard'),
      { text: silence === undefined ? '' : bar(percentOf(silence, days), barColumns), style: paint },
      { text: percentInWords(standing, days), style: paint },
      { text: stage === '' ? '' : `→ ${stage}`, style: paint },
    ];
  });
  const heading = [dim('DC'), dim('Site'), dim('Last inbound success'), dim(`of ${days} days`), '', ''];
  return table([heading, ...rows], [{}, {}, {}, {}, { align: 'right' }, {}], width);
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

const histogramRows = 12;
const histogramColumns = 30;

/** How many deleted objects there are of each age, with today's limit and the new one marked; nothing if none is seen. */
export function* histogramLines(
  facts: TombstoneFacts,
  newDays: number,
  { style, width }: ScreenOptions,
): Generator<string> {
  const today = effectiveLifetime(facts.settings, facts.serverKind);
  const counts = [addedUp(facts.deletedObjects, 'tombstones'), addedUp(facts.deletedObjects, 'recoverable')];
  const oldest = oldestOf(...counts);
  if (oldest === undefined) return;
  const step = niceStep(Math.max(oldest, Math.min(today, newDays)) + 1);
  const starts = Array.from({ length: Math.floor(oldest / step) + 1 }, (_, index) => index * step);
  const between = (start: number): number => countFrom(start, ...counts) - countFrom(start + step, ...counts);
  const most = Math.max(...starts.map(between));
  const markFor = (start: number): string =>
    [
      ...(today >= start && today < start + step ? [`← ${today} days: the limit today`] : []),
      ...(newDays !== today && newDays >= start && newDays < start + step ? [`← ${newDays} days: the new limit`] : []),
    ].join('  ');
  const limits = [today, newDays]
    .filter((days) => days >= starts.length * step)
    .map((days) => Math.floor(days / step) * step);
  const rows = [...new Set([...starts, ...limits])].sort((one, other) => one - other);
  const isAfterGap = (start: number): boolean => start > 0 && !rows.includes(start - step);
  yield style.dim('Deleted objects by age in days');
  yield* table(
    rows.map((start): Cell[] => [
      `${isAfterGap(start) ? '… ' : ''}${start}–${start + step - 1}`,
      between(start).toLocaleString('en'),
      {
        text: bar((between(start) / most) * 100, histogramColumns),
        style: start >= newDays ? style.removed : style.dim,
      },
      { text: markFor(start), style: style.warning },
    ]),
    [{ align: 'right' }, { align: 'right' }, {}, {}],
    width,
  );
  yield '';
}

/** Days to a row, so that there are not too many: 1, 2, 5, 10, 20, 30, 60, 90 and so on. */
function niceStep(days: number): number {
  return (
    [1, 2, 5, 10, 20, 30, 60, 90, 180, 365].find((step) => days / step <= histogramRows) ??
    Math.ceil(days / histogramRows)
  );
}
