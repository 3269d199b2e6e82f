/** The help texts, 80 columns wide. Kept apart from the commands so that --help loads nothing else. */

export const commandNames = ['labels', 'orphan', 'tombstone', 'show', 'apply', 'undo', 'practice'] as const;
export type CommandName = (typeof commandNames)[number];

const decisions = `What becomes of the change
  --dry-run            stop after the diff; the default without a terminal
  --save FOLDER        write the change folder for review, apply nothing
  --yes                apply without asking; no unaccepted blocker may stand
  --accept ID          accept a finding by its id (repeatable)
`;

const outputs = `Output
  --json               one JSON document on stdout, the plan or the outcome;
                       all else on stderr
  --quiet              results only
  --verbose            every path, value and line
  --no-color           no colour (NO_COLOR is honoured too)
`;

const directories = `Directory
  --server HOST[:PORT] a domain controller
  --domain NAME        find the domain controllers by DNS
  --dns ADDRESS        the DNS server to ask for them, if not this computer's
  --tls KIND           ldaps (default), starttls, or none, which must be asked
                       for
  --ca FILE            the certificate authority to trust, PEM or DER
  --tls-name NAME      the name that the certificate must bear
  --user NAME          user principal name or DOMAIN\\user; the password is
                       asked for, or comes from ADSI_REMEDY_PASSWORD or
                       --password-stdin, never from a flag
  --password-stdin     read the password from standard input
  --ldif FILE          work on an export (ldifde, ldapsearch), not a directory
`;

const statuses = `Exit status
  0 done, or nothing to change · 1 failed
  2 there are changes to make (dry run, or saved)
  3 refused (blocker, drift, undone, wrong target, another run at work)
  4 applied in part: apply goes on, undo works
  64 wrong usage · 130 cancelled
`;

const general = `adsi-remedy: careful changes to Exchange and Active Directory, each with
preview, saved plan, drift check, journal and undo.

  adsi-remedy                      at a terminal: the menu
  adsi-remedy labels    [options]  change the logon labels of TMG and ISA forms
  adsi-remedy orphan    [options]  delete an Exchange server object that a failed
                                   install left
  adsi-remedy tombstone [options]  change the forest's tombstoneLifetime
  adsi-remedy show   FOLDER        the review of a saved change, again
  adsi-remedy apply  FOLDER        apply a saved change, or go on with it
  adsi-remedy undo   FOLDER        plan the reverse of what was applied; review;
                                   apply
  adsi-remedy practice [DIR]       try it all on a practice site
                                   (default ./adsi-remedy-practice)
  adsi-remedy --version
  adsi-remedy COMMAND --help       the command's options

At a terminal nothing is changed before you have seen the diff and said so; in
a script nothing without --yes, or without apply FOLDER.

${outputs}
${statuses}`;

const texts: Readonly<Record<CommandName, string>> = {
  labels: `adsi-remedy labels: change the logon labels in the strings.txt files of TMG and
ISA form sets, in every language, and keep each file's encoding byte for byte.

Where
  --root DIR           the CookieAuthTemplates folder of an array member
                       (repeatable: one per member); default: the folders where
                       TMG and ISA Server keep them
  --host NAME          the same folders below \\\\NAME\\C$ (repeatable; on Windows)
  --set NAME, --class NAME, --language NAME, --key KEY
                       only these (repeatable); default: every set, class and
                       language, and the key L_UserName_Text

The new label
  --label KIND         email, upn or username, in each language's own wording
  --text TEXT          the same text in every language
  --wording FILE       JSON, culture to text: { "de": "E-Mail-Adresse:" }; goes
                       before the built-in wording of --label, or stands alone
  --code-page LANGUAGE=PAGE
                       the code page of a language's files, where it can't be
                       told (repeatable)
  --skip-blocked       leave blocked files out and do the rest
  --check-upn          count in the directory who could not log on with the new
                       label

${decisions}
${directories}
${outputs}
${statuses}
Example
  adsi-remedy labels --root \\\\TMG01\\C$\\…\\CookieAuthTemplates --label email --dry-run
`,
  tombstone: `adsi-remedy tombstone: change the forest's tombstoneLifetime, with advice from
the real replication state.

What
  --days N             the new lifetime in days, 3 to 36500
  --unset              remove the value: Windows then uses 60 days
  --wait SECONDS       watch the change reach every domain controller

${decisions}
${directories}
${outputs}
${statuses}
Example
  adsi-remedy tombstone --server dc1.corp.example.com --user admin@corp.example.com --days 180 --dry-run
`,
  orphan: `adsi-remedy orphan: delete the object of an Exchange server that a failed
install left in the Configuration partition, with everything that would be left
dangling.

Which server
  --name SERVER        by its name
  --dn DN              by its distinguished name
  --setup-log FILE     ExchangeSetup.log: the object that setup found
  --probe              try the server's ports 25, 135, 443 and 445

How
  --confirm NAME       the server's name once more; required with --yes
  --tree-delete        one request in place of leaf-first deletes
  --wait SECONDS       watch the deletion reach every domain controller

${decisions}
${directories}
${outputs}
${statuses}
Example
  adsi-remedy orphan --server dc1.corp.example.com --user admin@corp.example.com --name EX04 --dry-run
`,
  show: `adsi-remedy show FOLDER: the review of a saved change, again. Nothing is
changed.

${outputs}
${statuses}`,
  apply: `adsi-remedy apply FOLDER: apply a saved change. Each target is looked at once
more right before it is written; what has moved since the plan was made is
refused. A second run goes on where the first stopped.

  --yes                do not ask at a terminal (without one, or with --json,
                       nothing is asked)
  --confirm NAME       where a server object is deleted: its name once more;
                       required where nobody is asked
  --wait SECONDS       directory: watch the change reach every domain controller

${directories}
${outputs}
${statuses}`,
  undo: `adsi-remedy undo FOLDER: plan the reverse of what was applied from a change
folder; review; apply. The undo is a plan of its own; when nothing else is
named, its change folder is made in FOLDER.

${decisions}
  --confirm NAME       where the undo deletes what another undo had brought
                       back: the server's name
  --wait SECONDS       directory: watch the change reach every domain controller

${directories}
${outputs}
${statuses}`,
  practice: `adsi-remedy practice [DIR]: lay out a practice site in DIR (default
./adsi-remedy-practice) and open the menu on it. Without a terminal the remedies
are run on it as dry runs. Nothing of yours is touched.

${outputs}
${statuses}`,
};

/** The help of a command, or the general one. */
export function helpText(command?: CommandName): string {
  return command === undefined ? general : texts[command];
}
