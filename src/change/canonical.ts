/** The canonical form of JSON data, over which a plan is sealed: object members by name, no white space. */

/**
 * Gives the canonical form in pieces, so that a plan of ten thousand changes never stands in memory as one string.
 * Members that are undefined are left out, as JSON does.
 */
export function* canonicalForm(value: unknown): Generator<string> {
  if (Array.isArray(value)) {
    yield '[';
    for (const [index, item] of value.entries()) {
      yield (index === 0 ? '' : ',') + canonicalText(item);
    }
    yield ']';
  } else if (typeof value === 'object' && value !== null) {
    yield '{';
    let separator = '';
    for (const [name, member] of membersByName(value)) {
      yield `${separator}${JSON.stringify(name)}:`;
      yield* canonicalForm(member);
      separator = ',';
    }
    yield '}';
  } else {
    yield JSON.stringify(value);
  }
}

/** The canonical form as one string. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = membersByName(value).map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`);
  return `{${members.join(',')}}`;
}

function membersByName(value: object): [string, unknown][] {
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1));
}
