/**
 * Characters that act on a terminal or on the order of the text around them instead of being seen:
 * C0 and C1 controls, line and paragraph separators, bidirectional embeddings, overrides and isolates
 * (Unicode Standard Annex 9, section 2), the byte order mark, and halves of surrogate pairs.
 */
const unseen = /[\p{Cc}\u2028-\u202e\u2066-\u2069\ufeff\p{Cs}]/gu;

/**
 * Text from a directory or a file, made safe to show: what would act on the terminal is written out as `<U+001B>`.
 * The form cannot be taken for a path or a DN, where neither `<` nor `>` stands unescaped.
 */
export function visible(text: string): string {
  return text.replace(unseen, (character) => {
    const codePoint = character.codePointAt(0) ?? 0;
    return `<U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}>`;
  });
}
