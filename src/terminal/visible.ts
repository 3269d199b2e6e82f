/**
 * Characters that act on a terminal or on the order of the text around them instead of being seen:
 * C0 and C1 controls, line and paragraph separators, bidirectional embeddings, overrides and isolates
 * (Unicode Standard Annex 9, section 2), the byte order mark, and halves of surrogate pairs.
 */
const unseen = /[\p{Cc}\u2028-\u202e\u2066-\u2069\ufeff\p{Cs}]/gu;

/**
 * Text from a directory or a file, made safe to show: control characters become `<U+001B>`. This form is never part of
 * a path or a DN, because `<` and `>` are not allowed or escaped there.
 */
export function visible(text: string): string {
  return text.replace(unseen, (character) => {
    const codePoint = character.codePointAt(0) ?? 0;
    return `<U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}>`;
  });
}
