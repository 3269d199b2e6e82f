/** The array members, and how they differ: members of one array should show the same forms. */

import { usualForm } from '../../files/file-system.ts';
import { distinctiveNames } from '../../files/folder-names.ts';
import { counted, distinct, groupBy, listed, remembered } from '../../words.ts';
import type { LabelFile, LabelsFacts } from './facts.ts';
import { fewOf, isWithin } from './file-blockers.ts';
import type { Selection } from './filters.ts';

/**
 * The member that a folder is on: the host of its UNC path (\\TMG01\C$\…); its drive, if it is that or is below its
 * Program Files, where a computer has all of the known folders; else the folder that was named, as that of a copy. The
 * long form (\\?\C:\…, \\?\UNC\TMG01\C$\…) is another name of each.
 */
export function memberOf(root: string): string {
  const short = usualForm(root);
  const drive = /^([A-Z]):[\\/]*(?:$|Program Files(?: \(x86\))?(?:$|[\\/]))/i.exec(short)?.[1];
  if (drive !== undefined) return `drive ${drive.toUpperCase()}`;
  return /^[\\/]{2}([^\\/]+)[\\/]/.exec(short)?.[1]?.toUpperCase() ?? short;
}

/**
 * How the members differ, in a line each: sets and files that some lack, and files of one place with other labels, other
 * encodings or other texts. Sets that are missing as a whole come first.
 */
export function memberDifferences(
  { realRoots }: Pick<LabelsFacts, 'realRoots'>,
  { files, otherNames }: Selection,
  keys: readonly string[],
): readonly string[] {
  const separate = separateRoots(realRoots);
  if (separate.size < 2) return [];
  const all = [...files, ...otherNames].filter((file) => separate.has(file.root));
  const names = distinctiveNames(distinct(all.map((file) => memberOf(file.root))));
  const members = [...names.values()];
  if (members.length < 2) return [];
  const nameOf = remembered((root) => names.get(memberOf(root)) ?? root);
  const sets = [...groupBy(all, (file) => file.set.toLowerCase()).values()].map((ofSet) => ({
    ofSet,
    present: distinct(ofSet.map((file) => nameOf(file.root))),
  }));
  return [
    ...sets.flatMap(({ ofSet, present }) =>
      members
        .filter((member) => !present.includes(member))
        .map((member) => `${ofSet[0]?.set}: the set is not on ${member}`),
    ),
    ...sets.flatMap(({ ofSet, present }) => {
      const places = groupBy(ofSet, (file) => `${file.class}\\${file.language}`.toLowerCase());
      return folded([...places.values()].flatMap((inPlace) => differencesIn(inPlace, present, keys, nameOf)));
    }),
  ];
}

/** The roots that lie in no other one, each place once: the others are not separate members. */
function separateRoots(realRoots: LabelsFacts['realRoots']): ReadonlySet<string> {
  const places = [...new Set(realRoots.values())];
  const outermost = places.filter((place) => !places.some((other) => isWithin(place, other)));
  return new Set(outermost.flatMap((place) => [...realRoots].find(([, real]) => real === place)?.[0] ?? []));
}

interface Difference {
  /** Set, class and language. */
  readonly place: string;
  readonly what: string;
}

function differencesIn(
  inPlace: readonly LabelFile[],
  members: readonly string[],
  keys: readonly string[],
  nameOf: (root: string) => string,
): readonly Difference[] {
  const [first] = inPlace;
  if (first === undefined) return [];
  const place = `${first.set} · ${first.class} · ${first.language}`;
  const present = new Set(inPlace.map((file) => nameOf(file.root)));
  const missing = members
    .filter((member) => !present.has(member))
    .map((member): Difference => ({ place, what: `not on ${member}` }));
  const on = (group: readonly LabelFile[]): string => listed(distinct(group.map((file) => nameOf(file.root))));
  const readable = inPlace.filter(isReadable);
  const differences = [groupBy(inPlace, (file) => textsOf(file, keys)), groupBy(readable, encodingOf)]
    .filter((alike) => alike.size > 1)
    .map(
      (alike): Difference => ({ place, what: [...alike].map(([has, group]) => `${has} on ${on(group)}`).join('; ') }),
    );
  if (differences.length > 0) return [...missing, ...differences];
  const others = [...groupBy(readable, fingerprintOf).values()];
  return others.length < 2
    ? missing
    : [...missing, { place, what: `different texts on ${others.map(on).join(' and on ')}` }];
}

function isReadable({ content }: LabelFile): boolean {
  return content.kind !== 'unreadable';
}

function fingerprintOf({ content }: LabelFile): string {
  return content.kind === 'unreadable' ? '' : content.fingerprint.sha256;
}

function textsOf({ content }: LabelFile, keys: readonly string[]): string {
  if (content.kind !== 'strings') return 'unreadable';
  const texts = content.values
    .filter((value) => keys.includes(value.key))
    .map((value) => (value.text === undefined ? `(${value.flaw})` : `"${value.text}"`));
  return texts.length === 0 ? 'no such key' : fewOf(texts, ' ');
}

function encodingOf({ content }: LabelFile): string {
  return content.kind === 'strings' ? content.encoding : content.kind;
}

/** Places with the same difference in one line. */
function folded(differences: readonly Difference[]): readonly string[] {
  return [...groupBy(differences, ({ what }) => what)].map(([what, alike]) => {
    const [first, ...more] = alike;
    return more.length === 0
      ? `${first?.place}: ${what}`
      : `${first?.place} and ${counted(more.length, 'more file')}: ${what}`;
  });
}
