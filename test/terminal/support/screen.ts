/** A terminal screen of a given size. It knows the control sequences that our output uses, and no others. */
export class Screen {
  #columns: number;
  #rows: number;
  #lines: string[][];
  #row = 0;
  #column = 0;
  #cursorVisible = true;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
    this.#lines = Array.from({ length: rows }, () => []);
  }

  /** The lines as a reader sees them, without trailing blanks. */
  get text(): string {
    const lines = this.#lines.map((cells) =>
      Array.from(cells, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    );
    return lines.join('\n').trimEnd();
  }

  get cursor(): { readonly row: number; readonly column: number; readonly visible: boolean } {
    return { row: this.#row, column: this.#column, visible: this.#cursorVisible };
  }

  /** Takes another size and breaks the lines that are too long now, as most terminals do. */
  resize(columns: number, rows: number): void {
    const pieces: string[][] = [];
    const cursorLine = this.#row;
    for (const [index, line] of this.#lines.entries()) {
      if (index === cursorLine) {
        this.#row = pieces.length + Math.floor(this.#column / columns);
        this.#column %= columns;
      }
      for (let at = 0; at === 0 || at < line.length; at += columns) pieces.push(line.slice(at, at + columns));
    }
    while (pieces.length > this.#row + 1 && pieces.at(-1)?.length === 0) pieces.pop();
    const scrolled = Math.max(0, pieces.length - rows);
    this.#lines = Array.from({ length: rows }, (_, index) => pieces[scrolled + index] ?? []);
    this.#row = Math.max(0, this.#row - scrolled);
    this.#columns = columns;
    this.#rows = rows;
  }

  /** Takes output in; a control sequence must not be cut in two. */
  write(output: string): void {
    for (const [token, parameters, final] of output.matchAll(/\x1b\[([?\d;]*)([A-Za-z])|\x1b.|[^\x1b]/gsu)) {
      if (final !== undefined) this.#control(final, parameters ?? '');
      else if (token.startsWith('\x1b'))
        throw new Error(`The screen does not know ESC ${JSON.stringify(token.slice(1))}`);
      else this.#character(token);
    }
  }

  #control(final: string, parameters: string): void {
    const count = Math.max(1, Number(parameters) || 0);
    switch (final) {
      case 'A':
        this.#row = Math.max(0, this.#row - count);
        break;
      case 'B':
        this.#row = Math.min(this.#rows - 1, this.#row + count);
        break;
      case 'C':
        this.#column = Math.min(this.#columns - 1, this.#column + count);
        break;
      case 'J':
        this.#line(this.#row).length = Math.min(this.#line(this.#row).length, this.#column);
        for (let row = this.#row + 1; row < this.#rows; row++) this.#lines[row] = [];
        break;
      case 'h':
      case 'l':
        if (parameters === '?25') this.#cursorVisible = final === 'h';
        break;
      case 'm':
        break;
      default:
        throw new Error(`The screen does not know CSI ${parameters}${final}`);
    }
  }

  #character(character: string): void {
    if (character === '\n') this.#lineFeed();
    else if (character === '\r') this.#column = 0;
    else if (character === '\b') this.#column = Math.max(0, this.#column - 1);
    else if (character !== '\x07') this.#print(character);
  }

  #print(character: string): void {
    if (/\p{M}/u.test(character)) {
      const before = this.#line(this.#row);
      before[before.length - 1] = `${before.at(-1) ?? ''}${character}`;
      return;
    }
    const width = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uff01-\uff60\u{1f300}-\u{1faff}]/u.test(
      character,
    )
      ? 2
      : 1;
    if (this.#column + width > this.#columns) {
      this.#column = 0;
      this.#lineFeed();
    }
    const line = this.#line(this.#row);
    while (line.length < this.#column) line.push(' ');
    line.splice(this.#column, width, character, ...Array.from({ length: width - 1 }, () => ''));
    this.#column += width;
  }

  #lineFeed(): void {
    if (this.#row < this.#rows - 1) {
      this.#row += 1;
      return;
    }
    this.#lines = [...this.#lines.slice(1), []];
  }

  #line(row: number): string[] {
    const line = this.#lines[row];
    if (line === undefined) throw new Error(`The screen has no row ${row}`);
    return line;
  }
}
