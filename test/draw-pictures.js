// Draws the README's pictures, templates/pictures/REMEDY.svg, from a real run on the practice site: npm run pictures
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin/adsi-remedy.js', import.meta.url));
const pictures = fileURLToPath(new URL('../templates/pictures/', import.meta.url));
const mostRows = 20;
const mostColumns = 112;
const [lineHeight, charWidth, margin] = [18, 8.43, 16];

/** What practice printed for each remedy: its name, the command and the lines below it. */
function screensOf(output) {
  const parts = output.split(/^ {2}(?=adsi-remedy \S+ .*--dry-run$)/m).slice(1);
  return parts.map((part) => {
    const lines = part.trimEnd().split('\n');
    const [command, ...rest] = lines;
    return { name: command.split(' ')[1], lines: [`$ ${command}`, ...shortened(rest)] };
  });
}

/** Without the notes and most rows of a long table, so that the change and what stops it are in the picture. */
function shortened(lines) {
  let isNote = false;
  let rowsInTable = 0;
  return lines.flatMap((line) => {
    isNote = line.startsWith('  note ') || (isNote && /^ {11}/.test(line));
    rowsInTable = /^ +\d+ {2}\S/.test(line) ? rowsInTable + 1 : 0;
    if (isNote || rowsInTable > mostRows + 1) return [];
    if (rowsInTable > mostRows) return ['   …'];
    return [line.length > mostColumns ? `${line.slice(0, mostColumns - 1)}…` : line];
  });
}

/** Each cell is a text of its own, at its column: else a browser would order cells that are written from right to left. */
function svg(name, lines) {
  const columns = Math.max(...lines.map(widthOf));
  const [width, height] = [Math.ceil(columns * charWidth) + 2 * margin, lines.length * lineHeight + 2 * margin];
  const texts = lines.flatMap((line, index) => {
    const y = margin + (index + 0.75) * lineHeight;
    return [...line.matchAll(/\S+(?: \S+)*/g)].map(({ 0: cell, index: at }) => {
      const x = (margin + widthOf(line.slice(0, at)) * charWidth).toFixed(1);
      return `<text x="${x}" y="${y}" fill="${colourOf(line)}">${escaped(cell)}</text>`;
    });
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="The screen of ${name}" font-family="DejaVu Sans Mono, Consolas, Menlo, monospace" font-size="14">
<rect width="100%" height="100%" rx="8" fill="#10161d"/>
${texts.join('\n')}
</svg>
`;
}

/** In columns of a terminal, as far as the practice site needs it. */
function widthOf(text) {
  const signs = text.replace(/\p{M}/gu, '');
  return signs.length + (signs.match(/[\u1100-\u115f\u2e80-\u9fff\uac00-\ud7a3\uff00-\uff60]/g) ?? []).length;
}

/** The colours of the screen, by what a line begins with. */
function colourOf(line) {
  const [word] = line.trim().split(' ');
  const colours = {
    $: '#ffffff',
    '-': '#ff9a8d',
    '+': '#8fd694',
    blocker: '#ff9a8d',
    warning: '#f2c464',
    note: '#8ec5ff',
  };
  return colours[word] ?? '#d5dde5';
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

const folder = mkdtempSync(path.join(tmpdir(), 'adsi-remedy-pictures-'));
try {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'practice'], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`practice ended with ${status}: ${stderr}`);
  mkdirSync(pictures, { recursive: true });
  for (const { name, lines } of screensOf(stdout.replaceAll(folder + path.sep, ''))) {
    writeFileSync(path.join(pictures, `${name}.svg`), svg(name, lines));
  }
} finally {
  rmSync(folder, { recursive: true });
}
