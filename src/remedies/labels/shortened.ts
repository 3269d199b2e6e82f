const longest = 120;
const most = 6;

/** A text of a file for a line on the screen: what is longer than any label is cut, and an ellipsis says so. */
export function shortened(text: string): string {
  if (text.length <= longest) return text;
  // A pair of surrogates is one character, which is not cut in two.
  return `${[...text.slice(0, longest)].slice(0, -1).join('')}…`;
}

/** The first of many, each shortened, and how many more there are. */
export function fewOf(texts: readonly string[], separator: string): string {
  const more = texts.length - most;
  const few = texts.slice(0, most).map(shortened).join(separator);
  return more > 0 ? `${few}${separator}… and ${more.toLocaleString('en')} more` : few;
}
