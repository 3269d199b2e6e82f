import { unseen } from '../quoting.ts';

const everyUnseen = new RegExp(unseen, 'gu');

/**
 * Text from a directory or a file, made safe to show: what is not seen becomes `<U+200E>`, in labels too, of which Persian,
 * Hebrew and Arabic ones hold some: a review shows that they come or go. This form is never part of a path or a DN, because
 * `<` and `>` are not allowed or escaped there.
 */
export function visible(text: string): string {
  return text.replace(everyUnseen, (character) => {
    const codePoint = character.codePointAt(0) ?? 0;
    return `<U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}>`;
  });
}
