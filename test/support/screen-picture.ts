/** The escape sequences that styles use, with their colours on a dark screen. */
const looks: Readonly<Record<string, string>> = {
  '1': 'font-weight="bold"',
  '2': 'fill-opacity="0.6"',
  '4': 'text-decoration="underline"',
  '7': 'text-decoration="underline" font-weight="bold"',
  '31': 'fill="#ff7b72"',
  '32': 'fill="#7ee787"',
  '33': 'fill="#e3b341"',
  '36': 'fill="#79c0ff"',
};
/** What ends each. */
const ends: Readonly<Record<string, readonly string[]>> = {
  '22': ['1', '2'],
  '24': ['4'],
  '27': ['7'],
  '39': ['31', '32', '33', '36'],
};

const columnWidth = 8.4;
const lineHeight = 19;
const margin = 14;

/**
 * A terminal's screen as a picture (SVG), from what a program wrote to it: text, line ends, and the colours of styles.
 *
 * @param columns the width of the terminal
 * @param most lines that the picture shows; the last one counts the others
 */
export function screenPicture(output: string, title: string, columns: number, most: number): string {
  const lines = output.trimEnd().split('\n');
  const shown =
    lines.length <= most ? lines : [...lines.slice(0, most - 1), `  … ${lines.length - most + 1} more lines`];
  const width = Math.ceil(columns * columnWidth + 2 * margin);
  const height = shown.length * lineHeight + 2 * margin;
  const texts = shown.map((line, index) => {
    const y = margin + (index + 1) * lineHeight - 5;
    return `<text x="${margin}" y="${y}" xml:space="preserve">${spans(line)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="#161b22"/>`,
    `<g font-family="ui-monospace, Consolas, Menlo, 'DejaVu Sans Mono', monospace" font-size="14" fill="#e6edf3">`,
    ...texts,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function spans(line: string): string {
  const active = new Set<string>();
  return line
    .split(/(\u001b\[[\d;]*m)/)
    .map((piece) => {
      const codes = /^\u001b\[([\d;]*)m$/.exec(piece)?.[1];
      if (codes === undefined) return piece === '' ? '' : span(piece, active);
      for (const code of codes.split(';')) {
        if (Object.hasOwn(looks, code)) active.add(code);
        for (const ended of ends[code] ?? []) active.delete(ended);
      }
      return '';
    })
    .join('');
}

function span(text: string, active: ReadonlySet<string>): string {
  const attributes = [...active].map((code) => looks[code]).join(' ');
  return attributes === '' ? escaped(text) : `<tspan ${attributes}>${escaped(text)}</tspan>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
