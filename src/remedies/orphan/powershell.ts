/** Text as an argument in a PowerShell command line. */

/**
 * In single quotes, in which nothing is expanded. PowerShell takes typographic single quotes for quotes too, and a
 * doubled one for the character itself (about_Quoting_Rules).
 */
export function quotedForPowerShell(text: string): string {
  return `'${text.replace(/['\u2018-\u201B]/g, '$&$&')}'`;
}
