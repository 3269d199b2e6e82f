import type { FlagTable } from '../../src/flags.ts';

/** A flag table as the README shows it. */
export function markdownTable(flags: FlagTable): string {
  const rows = Object.entries(flags).map(([name, { value, help }]) => {
    const flag = value === undefined ? `--${name}` : `--${name} ${value}`;
    return `| \`${flag.replaceAll('|', '\\|')}\` | ${help.replaceAll('|', '\\|')} |`;
  });
  return ['| option | meaning |', '| --- | --- |', ...rows].join('\n');
}

/** The README with the table between each pair of marks (`<!-- flags NAME -->` … `<!-- end -->`) drawn from its flags. */
export function withTables(readme: string, tables: ReadonlyMap<string, FlagTable>): string {
  return readme.replace(
    /(<!-- flags (\S+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (whole, start: string, name: string, end: string) => {
      const flags = tables.get(name);
      return flags === undefined ? whole : `${start}\n${markdownTable(flags)}\n\n${end}`;
    },
  );
}
