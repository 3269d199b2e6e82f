import { bitAnd, type Filter, type FilterValue } from '../../src/ldap/session.ts';

/** The filter as RFC 4515 text; in bytes, whatever is not printable ASCII is escaped. */
export function formatFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
      return `(&${filter.filters.map(formatFilter).join('')})`;
    case 'or':
      return `(|${filter.filters.map(formatFilter).join('')})`;
    case 'not':
      return `(!${formatFilter(filter.filter)})`;
    case 'present':
      return `(${filter.attribute}=*)`;
    case 'allBits':
      return `(${filter.attribute}:${bitAnd}:=${filter.bits})`;
    default:
      return `(${filter.attribute}${filter.kind === 'equal' ? '=' : '>='}${escapeValue(filter.value)})`;
  }
}

function escapeValue(value: FilterValue): string {
  if (typeof value === 'string')
    return value.replace(/[\0-\x1f()*\\\x7f]/g, (character) => hexEscape(character.charCodeAt(0)));
  return Array.from(value, (byte) => {
    const printable = byte >= 0x20 && byte < 0x7f && !'()*\\'.includes(String.fromCharCode(byte));
    return printable ? String.fromCharCode(byte) : hexEscape(byte);
  }).join('');
}

function hexEscape(byte: number): string {
  return `\\${byte.toString(16).padStart(2, '0')}`;
}
