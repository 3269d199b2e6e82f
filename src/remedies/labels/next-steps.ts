import type { FileChange } from '../../change/plan.ts';

/** What is left to a person after the labels are changed, or changed back: lines for next-steps.txt and the closing screen. */
export function nextSteps(changes: readonly FileChange[]): readonly string[] {
  const members = [...new Set(changes.map((change) => memberOf(change.root)))];
  const sets = [...new Set(changes.map((change) => change.set))].join(', ');
  return [
    'What is left to do',
    '',
    '1. The forms are cached: each array member shows the new label only after a restart of the Microsoft Forefront',
    '   TMG Firewall service (fwsrv). A restart drops all traffic through that member, so do one member at a time and',
    '   look at its logon form before the next. In an elevated PowerShell on the member:',
    ...members.flatMap((member) => ['', `     ${member}:`, '       Restart-Service fwsrv -Force']),
    '',
    '2. Every member of the array needs the same files. Members that are not listed above were not reached: run this for',
    '   them as well, with --root or --host.',
    '',
    `3. Which set a listener or publishing rule shows is a property of the listener or rule. Changed: ${sets}.`,
    '',
    'What the label does not change: logging on. TMG and ISA Server go on accepting DOMAIN\\user as well as the user',
    'principal name. "E-mail address" is true only for users whose user principal name equals their e-mail address.',
    'Microsoft does not support changed forms and may ask for the original ones: undo brings back every byte.',
  ];
}

/** The member by its UNC path (\\TMG01\C$\…), else the folder that was named. */
function memberOf(root: string): string {
  return /^[\\/]{2}([^\\/]+)[\\/]/.exec(root)?.[1] ?? root;
}
