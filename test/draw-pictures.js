// Draws the README's pictures, templates/pictures/REMEDY.svg, from a real run on the practice site: npm run pictures
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin/adsi-remedy.js', import.meta.url));
const pictures = fileURLToPath(new URL('../templates/pictures/', import.meta.url));
const [head, tail] = [24, 14];
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

function shortened(lines) {
  return lines.length <= head + tail + 1 ? lines : [...lines.slice(0, head), '  …', ...lines.slice(-tail)];
}

function svg(name, lines) {
  const columns = Math.max(...lines.map((line) => line.length));
  const [width, height] = [Math.ceil(columns * charWidth) + 2 * margin, lines.length * lineHeight + 2 * margin];
  const texts = lines.map((line, index) => {
    const y = margin + (index + 0.75) * lineHeight;
    return `<text x="${margin}" y="${y}" fill="${colourOf(line)}" xml:space="preserve">${escaped(line)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="The screen of ${name}" font-family="DejaVu Sans Mono, Consolas, Menlo, monospace" font-size="14" direction="ltr" style="unicode-bidi: plaintext">
<rect width="100%" height="100%" rx="8" fill="#10161d"/>
${texts.join('\n')}
</svg>
`;
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
