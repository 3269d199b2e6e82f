/** Long paths in few words: the part of a path that says which one of several it is. */

const separators = /[\\/]/;

/**
 * Each folder's name among the others: of the parts in which they differ the first ones, as many as it takes. "TMG01" of
 * `/srv/site/TMG01` beside `/srv/site/TMG02`, and of `\\TMG01\C$\Templates` beside `\\TMG02\C$\Templates`. A folder that
 * has no other beside it keeps its last part.
 */
export function tellingNames(folders: readonly string[]): ReadonlyMap<string, string> {
  const all = folders.map((folder) => ({ folder, parts: folder.replace(/[\\/]+$/, '').split(separators) }));
  const differ = (one: readonly string[], other: readonly string[]): number => {
    const at = one.findIndex((part, index) => part !== other[index]);
    return at === -1 ? one.length : at;
  };
  return new Map(
    all.map(({ folder, parts }) => {
      const places = all.filter((other) => other.folder !== folder).map((other) => differ(parts, other.parts));
      const first = Math.min(parts.length - 1, ...places);
      const last = Math.max(first, ...places);
      return [folder, parts.slice(first, last + 1).join(separatorOf(folder))];
    }),
  );
}

/** Of a strings.txt: its set, its class, nls, its language and the file. */
const partsOfFile = 5;

/**
 * A path without its middle, that still shows which file it is: the name of its root and its last parts,
 * "TMG01/…/Exchange/HTML/nls/de/strings.txt". A path below none of the roots keeps its last parts.
 *
 * @param roots their names, as `tellingNames` gives them
 */
export function withoutMiddle(path: string, roots: ReadonlyMap<string, string>): string {
  const isBelow = (folder: string): boolean => path.startsWith(folder) && separators.test(path.charAt(folder.length));
  const [root, name] = [...roots].find(([folder]) => isBelow(folder.replace(/[\\/]+$/, ''))) ?? ['', ''];
  const separator = separatorOf(path);
  const below = path
    .slice(root.length)
    .split(separators)
    .filter((part) => part !== '');
  const middle = below.length > partsOfFile || name === '' ? ['…'] : [];
  return [name, ...middle, ...below.slice(-partsOfFile)].filter((part) => part !== '').join(separator);
}

function separatorOf(path: string): string {
  return path.startsWith('/') ? '/' : '\\';
}
