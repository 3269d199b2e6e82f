/**
 * repadmin and its neighbours: commands of repadmin, ldifde, ntdsutil and dsmod with names filled in, which run in cmd and
 * in PowerShell; and what `repadmin /showrepl * /csv` saved, the inbound replication of DCs that cannot be asked from
 * here. The columns of that file are found by their English names. Its times are local to the computer that ran it,
 * without a zone.
 */

import { UsageError } from '../errors.ts';
import { quotedForPowerShell, unseen } from '../quoting.ts';
import type { DomainControllerState, InboundLink } from './ask-domain-controllers.ts';
import { sameDn } from './dn.ts';
import type { PointInTime } from './entry.ts';
import type { DomainController } from './forest.ts';

/** `repadmin /showrepl dc1.corp.example.com` */
export function showReplication(host: string): string {
  return `repadmin /showrepl ${quoted(host)}`;
}

/** Which DC is cleaned against which other one. */
export interface LingeringObjectsRequest {
  /** The DC that is cleaned. */
  readonly destination: string;
  /** The DSA GUID of the DC that is right. */
  readonly sourceDsaGuid: string;
  readonly namingContext: string;
}

/** Lists lingering objects (events 1946). */
export function listLingeringObjects(request: LingeringObjectsRequest): string {
  return `${removeLingeringObjects(request)} /advisory_mode`;
}

/** Removes what the same command with /advisory_mode lists (events 1945). */
export function removeLingeringObjects({ destination, sourceDsaGuid, namingContext }: LingeringObjectsRequest): string {
  return `repadmin /removelingeringobjects ${quoted(destination)} ${quoted(sourceDsaGuid)} ${quoted(namingContext)}`;
}

/** Has a DC remove the lingering objects that a file of removeLingeringObject operations names. */
export function importRemoval(host: string, file: string): string {
  return `ldifde -i -s ${quoted(host)} -f ${quoted(file)}`;
}

/** Exports what was changed on a DC from a uSNChanged on, deleted objects (-x) included. */
export function exportChanges(host: string, namingContext: string, from: bigint, file: string): string {
  return `ldifde -f ${quoted(file)} -s ${quoted(host)} -d ${quoted(namingContext)} -r ${quoted(`(uSNChanged>=${from})`)} -x`;
}

/**
 * Lets a DC replicate with partners past the lifetime, makes it fetch every naming context from them, and forbids it again
 * (event 2042, KB 2020053 step 6).
 */
export function replicateDivergentOnce(host: string): readonly string[] {
  const regkey = `repadmin /regkey ${quoted(host)}`;
  return [`${regkey} +allowDivergent`, `repadmin /syncall ${quoted(host)} /A /e /d`, `${regkey} -allowDivergent`];
}

/** Takes back what an administrator has switched off with repadmin /options. */
export function switchReplicationOn(host: string, direction: 'INBOUND' | 'OUTBOUND'): string {
  return `repadmin /options ${quoted(host)} -DISABLE_${direction}_REPL`;
}

/** Has every DC refuse lingering objects. */
export const strictOnAllDcs = 'repadmin /regkey * +strict';

/** Who replicates with whom, and what fails, on every DC. */
export const replicationSummary = 'repadmin /replsummary *';

/** Removes the metadata of a DC that is gone, by the DN of its server object. */
export function removeMetadata(serverDn: string): string {
  return `ntdsutil "metadata cleanup" ${quoted(`remove selected server ${serverDn}`)} quit quit`;
}

/** Gives a role to another DC when its holder is gone for good; `role` as ntdsutil calls it: "PDC". */
export function seizeRole(host: string, role: string): string {
  return `ntdsutil roles connections ${quoted(`connect to server ${host}`)} quit ${quoted(`seize ${role}`)} quit quit`;
}

/** `repadmin /showattr * "CN=…" /atts:tombstoneLifetime` */
export function showAttribute(dn: string, attribute: string): string {
  return `repadmin /showattr * ${quoted(dn)} /atts:${attribute}`;
}

/** `repadmin /showobjmeta * "CN=…"`: whether each DC still has the object. */
export function showObject(dn: string): string {
  return `repadmin /showobjmeta * ${quoted(dn)}`;
}

/** Resets a computer account, so that another machine can join by it. */
export function resetComputer(dn: string): string {
  return `dsmod computer ${quoted(dn)} -reset`;
}

/**
 * A name as one argument: bare or in double quotes where cmd and PowerShell keep that together, else for PowerShell
 * alone.
 */
function quoted(text: string): string {
  if (/^[\w.-]+$/.test(text)) return text;
  const isForPowerShell = unseen.test(text) || /["$`%\u2018-\u201F]/.test(text);
  return isForPowerShell ? quotedForPowerShell(text) : `"${text}"`;
}

/** One inbound link as repadmin saw it. */
export interface ShowreplLink extends Omit<InboundLink, 'sourceDsaGuid'> {
  /** Short names, as repadmin shows them. */
  readonly destination: string;
  readonly source: string;
  /** By how many milliseconds its times may be later than they are given here: the file's zone is not known. */
  readonly laterBy: number;
}

/** The widest offsets from UTC of any zone, in minutes: without a zone, a time is taken for the oldest it can be. */
const widestOffset = 14 * 60;
const westernmostOffset = -12 * 60;

const columnNames = [
  'Destination DSA',
  'Naming Context',
  'Source DSA',
  'Number of Failures',
  'Last Success Time',
  'Last Failure Status',
] as const;

type ColumnName = (typeof columnNames)[number];

/**
 * `FILE=+01:00`: the file, and its offset from UTC in minutes, if one is given.
 * @throws UsageError for an offset that no zone has
 */
export function showreplArgument(text: string): { readonly file: string; readonly offset: number | undefined } {
  const [, file, zone = ''] = /^(.*)=([+-][\d:]+)$/s.exec(text) ?? [];
  if (file === undefined) return { file: text, offset: undefined };
  const [, sign, hours, minutes] = /^([+-])(\d{2}):([0-5]\d)$/.exec(zone) ?? [];
  const distance = Number(hours) * 60 + Number(minutes);
  if (distance <= widestOffset) return { file, offset: sign === '-' ? -distance : distance };
  throw new UsageError({
    attempted: 'read --showrepl',
    on: text,
    cameBack: `${zone} is not the offset of a time zone: hours and minutes from -14:00 to +14:00`,
    next: `Give the zone of the computer that ran repadmin, such as ${file}=+01:00; without one, ages are widened by 14 hours.`,
  });
}

/**
 * The links in the file's text; lines of DCs that repadmin could not reach (showrepl_ERROR) contain no links.
 *
 * @param offset of the file's times from UTC, in minutes; without one each time is taken for the oldest it can be
 * @param name of the file, for errors
 * @throws UsageError for columns of another language, and for a line that is not of this form
 */
export function parseShowrepl(text: string, offset: number | undefined, name: string): readonly ShowreplLink[] {
  const [heading, ...lines] = text
    .split(/\r?\n/)
    .map((line, index) => ({ number: index + 1, cells: cellsOf(line) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const columns = columnsOf(heading?.cells ?? [], name);
  return lines.flatMap(({ number, cells }): ShowreplLink[] => {
    if (cells[0] === 'showrepl_ERROR' || cells[0] === 'showrepl_COLUMNS') return [];
    const refuse = (what: string): UsageError => notReadable(name, `line ${number}: ${what}`);
    if (cells[0] !== 'showrepl_INFO') throw refuse(`it begins with ${JSON.stringify(cells[0])}, not showrepl_INFO`);
    const cell = (column: ColumnName): string => cells[columns.get(column) ?? -1] ?? '';
    const count = (column: ColumnName): number => {
      const value = cell(column);
      if (!/^\d{1,10}$/.test(value)) throw refuse(`${column} is ${JSON.stringify(value)}, not a number`);
      return Number(value);
    };
    const time = (column: ColumnName): PointInTime => {
      const value = cell(column);
      const point = timeOf(value, offset);
      if (point === undefined) throw refuse(`${column} is ${JSON.stringify(value)}, not YYYY-MM-DD HH:MM:SS`);
      return point;
    };
    const names = [cell('Destination DSA'), cell('Source DSA'), cell('Naming Context')] as const;
    if (names.includes('')) throw refuse('it names no destination, source or naming context');
    return [
      {
        destination: names[0],
        source: names[1],
        namingContext: names[2],
        lastSuccess: time('Last Success Time'),
        lastResult: count('Last Failure Status'),
        consecutiveFailures: count('Number of Failures'),
        laterBy: offset === undefined ? (widestOffset - westernmostOffset) * 60_000 : 0,
      },
    ];
  });
}

function columnsOf(heading: readonly string[], name: string): ReadonlyMap<ColumnName, number> {
  const columns = new Map(columnNames.map((column) => [column, heading.indexOf(column)] as const));
  const missing = columnNames.filter((column) => columns.get(column) === -1);
  if (heading[0] === 'showrepl_COLUMNS' && missing.length === 0) return columns;
  throw notReadable(
    name,
    heading[0] === 'showrepl_COLUMNS'
      ? `it has no column named ${JSON.stringify(missing[0])}`
      : 'its first line does not begin with showrepl_COLUMNS',
  );
}

/** Adds the inbound links in a file to DCs that could not be asked. */
export function withReported(
  states: readonly DomainControllerState[],
  links: readonly ShowreplLink[],
): readonly DomainControllerState[] {
  const all = states.map(({ domainController }) => domainController);
  return states.map((one) => {
    if (one.state.kind !== 'unreachable') return one;
    const reported = linksOf(one.domainController, links, all);
    return reported.length === 0 ? one : { ...one, state: { ...one.state, reported } };
  });
}

/**
 * Where files and a DC that was asked do not agree, of the DCs that they show: links that only one of them has, other
 * results, failures in a row, and times of the last success.
 */
export function differencesFrom(
  states: readonly DomainControllerState[],
  links: readonly ShowreplLink[],
): readonly string[] {
  const all = states.map(({ domainController }) => domainController);
  return states.flatMap(({ domainController, state }) => {
    const listed = linksOf(domainController, links, all);
    if (state.kind !== 'answered' || listed.length === 0) return [];
    const isSame = (one: InboundLink, other: InboundLink): boolean =>
      one.sourceDsaGuid === other.sourceDsaGuid && sameDn(one.namingContext, other.namingContext);
    const where = ({ sourceDsaGuid, namingContext }: InboundLink): string =>
      `${domainController.name} from ${all.find(({ dsaGuid }) => dsaGuid === sourceDsaGuid)?.name ?? sourceDsaGuid}, ${namingContext}`;
    const { links: shown } = state.answer;
    return [
      ...shown
        .filter((link) => !listed.some((one) => isSame(one, link)))
        .map((link) => `${where(link)}: on the DC only`),
      ...listed.flatMap((link) => {
        const there = shown.find((one) => isSame(one, link));
        const differing = there === undefined ? ['in the file only'] : differencesOf(link, there);
        return differing.length === 0 ? [] : [`${where(link)}: ${differing.join('; ')}`];
      }),
    ];
  });
}

interface ReportedLink extends InboundLink, Pick<ShowreplLink, 'laterBy'> {}

/** In the file, then on the DC. */
function differencesOf(file: ReportedLink, dc: InboundLink): readonly string[] {
  const words = (time: PointInTime): string => (time instanceof Date ? time.toISOString() : 'never');
  const time = ({ lastSuccess }: InboundLink): number => (lastSuccess instanceof Date ? lastSuccess.getTime() : 0);
  const later = time(dc) - time(file);
  // The file has whole seconds.
  const isSameTime = Math.abs(later) < 1000 || (time(file) > 0 && later > 0 && later <= file.laterBy);
  const differing = (what: string, inFile: string | number, onDc: string | number): readonly string[] =>
    inFile === onDc ? [] : [`${what} ${inFile} in the file, ${onDc} on the DC`];
  return [
    ...differing('result', file.lastResult, dc.lastResult),
    ...differing('failures in a row', file.consecutiveFailures, dc.consecutiveFailures),
    ...(isSameTime ? [] : differing('last success', words(file.lastSuccess), words(dc.lastSuccess))),
  ];
}

/** A destination's links; a source that is no DC of the forest any more stays under its name. */
function linksOf(
  { name }: DomainController,
  links: readonly ShowreplLink[],
  all: readonly DomainController[],
): readonly ReportedLink[] {
  const isNamed = (other: string, shown: string): boolean => other.toLowerCase() === shown.toLowerCase();
  return links
    .filter(({ destination }) => isNamed(destination, name))
    .map(({ destination: _, source, ...link }) => ({
      ...link,
      sourceDsaGuid: all.find((one) => isNamed(one.name, source))?.dsaGuid ?? source,
    }));
}

/** 0 and an empty cell are "never". */
function timeOf(text: string, offset: number | undefined): PointInTime | undefined {
  if (text === '' || text === '0') return 'never';
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return undefined;
  const time = new Date(`${text.replace(' ', 'T')}Z`);
  if (Number.isNaN(time.getTime())) return undefined;
  return new Date(time.getTime() - (offset ?? widestOffset) * 60_000);
}

/** The cells of a line, as RFC 4180 quotes them. */
function cellsOf(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, inQuotes, bare = '']) => inQuotes?.replaceAll('""', '"') ?? bare.trim(),
  );
}

function notReadable(name: string, cameBack: string): UsageError {
  return new UsageError({
    attempted: 'read the output of repadmin /showrepl * /csv',
    on: name,
    cameBack,
    next: 'Run it on an English Windows: repadmin /showrepl * /csv > showrepl.csv',
  });
}
