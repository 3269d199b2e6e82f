/**
 * The review as a page for people who approve changes: review.html, one file that needs nothing from a network.
 * templates/review.html holds its style and every word that is the same for all plans.
 */

import { dnsNameOfDn, rdnOf } from '../ad/dn.ts';
import { type Finding, type FindingLevel, openBlockers } from '../change/findings.ts';
import { folderParts } from '../change/folder.ts';
import type { Change, EntryChange, FileChange, ForestTarget, Plan, PlanConnection } from '../change/plan.ts';
import { defaultLanguage } from '../files/template-tree.ts';
import { groupBy } from '../group-by.ts';
import type { Description, Step } from '../remedies/remedy.ts';
import { visible } from '../terminal/visible.ts';
import type { Segment } from './changed-words.ts';
import { asksForControls } from './ldif.ts';
import { type DiffBlock, type DiffLine, diffBlocks, foldedEntries } from './rows.ts';
import { countsOf } from './summary.ts';
import type { Commands } from './text.ts';

const fewPlaces = 3;
const fewEvidence = 8;
const fewLines = 12;

/**
 * The page in pieces, so that a plan of ten thousand changes is never held in memory as one string.
 *
 * @param template the text of templates/review.html, with a {{name}} where a part of the plan goes
 * @throws RangeError if the template names an unknown part; DnSyntaxError if a DN of the plan is malformed
 */
export function* htmlReview(
  plan: Plan,
  description: Description,
  commands: Commands,
  template: string,
): Generator<string> {
  // Splitting by a pattern with a group gives static text and names in turn.
  for (const [index, text] of template.split(/\{\{([a-z]+)\}\}/).entries()) {
    if (index % 2 === 0) yield text;
    else for (const piece of partOf(plan, description, commands, text)) yield piece.html;
  }
}

function partOf(plan: Plan, description: Description, commands: Commands, name: string): Iterable<Html> {
  switch (name) {
    case 'title':
      return [html`${description.title}`];
    case 'verdict':
      return [verdict(plan)];
    case 'origin':
      return origin(plan);
    case 'summary':
      return summary(plan, description);
    case 'findings':
      return findings(plan.findings);
    case 'changes':
      return changes(plan.changes);
    case 'apply':
      return [html`${commands.apply}`];
    case 'undo':
      return [html`${commands.undo}`];
    case 'steps':
      return steps(description.nextSteps);
    case 'applying':
      return [applying(plan)];
    case 'folder':
      return folder(plan);
    case 'check':
      return [check(plan)];
    case 'seal':
      return [seal(plan)];
    default:
      throw new RangeError(`the page has no part ${name}`);
  }
}

/** Text that is markup; made by `html` alone, so that nothing gets on the page unescaped. */
interface Html {
  readonly html: string;
}

type Content = string | number | Html | readonly Content[];

/** Markup with content put in: text is made visible and escaped, markup stays as it is. */
function html(markup: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return { html: String.raw({ raw: markup }, ...contents.map(asMarkup)) };
}

function asMarkup(content: Content): string {
  if (typeof content === 'string') return escaped(visible(content));
  if (typeof content === 'number') return content.toLocaleString('en');
  return 'html' in content ? content.html : content.map(asMarkup).join('');
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const rightToLeftLetter = String.raw`\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}`;
/** From the first such letter to the last one, with no letter of another script between. */
const rightToLeftRun = new RegExp(
  `([${rightToLeftLetter}](?:[${rightToLeftLetter}\\P{L}]*[${rightToLeftLetter}])?)`,
  'u',
);

/** Text that may hold words written from right to left: each run is isolated, so that commas and numbers stay in place. */
function isolated(text: string): Html {
  const runs = text.split(rightToLeftRun).map((run, index) => (index % 2 === 0 ? run : html`<bdi>${run}</bdi>`));
  return html`${runs}`;
}

function counted(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : nouns}`;
}

function verdict({ changes: all, findings: found }: Plan): Html {
  const blockers = openBlockers(found).length;
  if (blockers > 0) {
    return html`<div class="verdict blocked">
<strong>${counted(blockers, 'blocker stops', 'blockers stop')} this change</strong>
apply refuses this plan. Do what each blocker says, then make a new plan.
</div>`;
  }
  if (all.length === 0) return html`<div class="verdict clear"><strong>Nothing to change</strong></div>`;
  const accepted = found.filter((finding) => finding.level === 'blocker' && finding.accepted).length;
  const warnings = countOpen(found, 'warning');
  const words =
    accepted === 0
      ? 'Nothing stops this change'
      : `${counted(accepted, 'blocker was', 'blockers were')} accepted; nothing else stops this change`;
  return html`<div class="verdict ${accepted > 0 ? 'overruled' : 'clear'}">
<strong>${words}</strong>
This page was made before anything was changed.${warnings === 0 ? '' : ` Read the ${counted(warnings, 'warning')} before you approve.`}
</div>`;
}

/** The findings of a level that are not accepted. */
function countOpen(found: readonly Finding[], level: FindingLevel): number {
  return found.filter((finding) => finding.level === level && !finding.accepted).length;
}

function row(name: string, ...lines: readonly Content[]): Html {
  return html`<tr><th scope="row">${name}</th><td>${lines}</td></tr>\n`;
}

function aside(text: string): Html {
  return html`<span class="aside">${isolated(text)}</span>`;
}

function code(text: string): Html {
  return html`<code>${isolated(text)}</code>`;
}

/** The folder of the plan that is undone, as this one names it. */
function appliedFrom(folder: string): string {
  return folder === '..' ? 'applied from the folder that this one lies in' : `applied from ${folder}`;
}

function* origin({ id, created, tool, by, reason, ticket, undoes, target, changes: all }: Plan): Generator<Html> {
  yield row('Plan', code(id));
  yield row('Made', created.replace(/^([\d-]+)T([\d:]+)(?:\.\d+)?Z$/, '$1, $2 UTC'));
  yield row('Made by', `${by.account} on ${by.computer}`, aside(tool));
  if (reason !== undefined) yield row('Reason', reason);
  if (ticket !== undefined) yield row('Ticket', ticket);
  if (undoes !== undefined) yield row('Undoes', html`plan ${code(undoes.id)}`, aside(appliedFrom(undoes.folder)));
  if (target.kind === 'forest') {
    yield* forestRows(target);
    return;
  }
  const byRoot = groupBy(all, (change) => (change.kind === 'file' ? change.root : undefined));
  for (const root of target.roots) {
    yield row('Folder', code(root), aside(`${counted(byRoot.get(root)?.length ?? 0, 'file')} to change`));
  }
}

function* forestRows(target: ForestTarget): Generator<Html> {
  const { configurationNamingContext: dn, objectGuid } = target;
  yield row('Forest', dnsNameOfDn(dn) ?? '', aside(dn), aside(`objectGUID ${objectGuid}`));
  yield row('Domain controller', target.domainController);
  yield row('Connection', ...connectionLines(target.connection));
}

function connectionLines(connection: PlanConnection): readonly Content[] {
  switch (connection.kind) {
    case 'ldif':
      return [html`offline, in ${connection.files.map((file) => html`the export ${code(file)} `)}`];
    case 'practice':
      return ['the practice site'];
    case 'server': {
      const { host, port, user, auth, tls, tlsName, dns } = connection;
      return [
        `${host}, port ${port}${user === undefined ? '' : `, as ${user}`}`,
        auth === 'integrated'
          ? aside('signed and encrypted by Kerberos, as the user logged on to the computer')
          : tls === 'none'
            ? html`<strong class="aside blocker">not encrypted: password and data can be read on the network</strong>`
            : aside(tls === 'ldaps' ? 'encrypted (LDAPS)' : 'encrypted (StartTLS)'),
        ...(tlsName === undefined ? [] : [aside(`certificate checked for the name ${tlsName}`)]),
        ...(dns === undefined ? [] : [aside(`DNS server ${dns}`)]),
      ];
    }
  }
}

function* summary({ changes: all, findings: found }: Plan, description: Description): Generator<Html> {
  for (const { name, value } of description.summary) yield row(name, isolated(value));
  const files = all.filter((change) => change.kind === 'file');
  if (files.length > 0) yield* fileCounts(files);
  yield* entryCounts(all.filter((change) => change.kind !== 'file'));
  if (all.length === 0) yield row('Changes', 'none');
  const accepted = found.filter((finding) => finding.accepted).length;
  const counts = [
    counted(countOpen(found, 'blocker'), 'blocker'),
    ...(accepted === 0 ? [] : [`${accepted.toLocaleString('en')} accepted`]),
    counted(countOpen(found, 'warning'), 'warning'),
    counted(countOpen(found, 'note'), 'note'),
  ];
  yield row('Findings', counts.join(' · '));
}

function* fileCounts(files: readonly FileChange[]): Generator<Html> {
  const tally = (nameOf: (change: FileChange) => string): string => {
    const groups = [...groupBy(files, nameOf)].sort(([one], [other]) => one.localeCompare(other, 'en'));
    return groups.map(([name, group]) => `${name} (${group.length.toLocaleString('en')})`).join(', ');
  };
  const keys = new Set(files.flatMap((change) => change.splices.map((splice) => splice.key)));
  yield row('Files', files.length);
  yield row('Languages', new Set(files.map((change) => change.language.toLowerCase())).size);
  yield row('Keys', isolated([...keys].join(', ')));
  yield row('Form sets', isolated(tally((change) => change.set)));
  yield row('Classes', isolated(tally((change) => change.class)));
  yield row(
    'Encodings, all kept',
    tally((change) => change.encoding),
  );
}

function* entryCounts(all: readonly EntryChange[]): Generator<Html> {
  const { edited, deleted, deletedAsTree, restored, created, handedOver } = countsOf(all);
  const rows = [
    [deletedAsTree > 0 ? 'Entries deleted by one request' : 'Entries deleted', deleted],
    ['Entries edited', edited],
    ['Entries restored', restored],
    ['Entries created again', created],
    ['Lingering objects', handedOver],
  ] as const;
  for (const [name, number] of rows) if (number > 0) yield row(name, number);
}

const levels: readonly (readonly [FindingLevel, string])[] = [
  ['blocker', 'Blockers'],
  ['warning', 'Warnings'],
  ['note', 'Notes'],
];

function* findings(all: readonly Finding[]): Generator<Html> {
  if (all.length === 0) yield html`<p>None.</p>\n`;
  for (const [level, heading] of levels) {
    const ofLevel = all.filter((finding) => finding.level === level);
    if (ofLevel.length > 0) yield html`<h3>${heading}</h3>\n`;
    for (const finding of ofLevel) yield* article(finding);
  }
}

function* article(finding: Finding): Generator<Html> {
  const { id, level, accepted } = finding;
  yield html`<article class="finding ${accepted ? 'accepted' : level}">
<h4>${isolated(finding.title)}</h4>
<p><span class="badge">${accepted ? `accepted ${level}` : level}</span> <code>${id}</code></p>
<p>${isolated(finding.detail)}</p>
`;
  if (finding.evidence.length > 0) yield* listed('evidence', finding.evidence, fewEvidence, 'more');
  yield html`${consequence(finding)}</article>\n`;
}

/** Whether the finding stops the change, and whether it can be accepted. */
function consequence({ id, level, acceptable, accepted }: Finding): Content {
  if (accepted) return html`<p class="aside">Accepted when the plan was made: it does not stop the change.</p>\n`;
  if (level !== 'blocker') return [];
  return acceptable
    ? html`<p class="aside">Stops the change. To accept it, make a new plan with <code>--accept ${id}</code>.</p>\n`
    : html`<p class="aside">Stops the change and cannot be accepted.</p>\n`;
}

/** The first few, and the others folded. */
function* listed(kind: string, items: readonly string[], few: number, more: string): Generator<Html> {
  yield* list(kind, items.slice(0, few));
  if (items.length <= few) return;
  yield html`<details><summary>and ${items.length - few} ${more}</summary>\n`;
  yield* list(kind, items.slice(few));
  yield html`</details>\n`;
}

function* list(kind: string, items: readonly string[]): Generator<Html> {
  yield html`<ul class="${kind}">\n`;
  for (const item of items) yield html`<li>${isolated(item)}</li>\n`;
  yield html`</ul>\n`;
}

/** By language and by entry: of a long plan only the blocks of one are in memory. */
function* changes(all: readonly Change[]): Generator<Html> {
  if (all.length === 0) yield html`<p>None.</p>\n`;
  const files = all.filter((change) => change.kind === 'file');
  const byLanguage = [...groupBy(files, (change) => change.language.toLowerCase())];
  for (const [language, ofLanguage] of byLanguage.sort(([one], [other]) => one.localeCompare(other, 'en'))) {
    for (const block of diffBlocks(ofLanguage)) yield* fileBlock(block, language);
  }
  for (const same of foldedEntries(all.filter((change) => change.kind !== 'file'))) {
    for (const block of diffBlocks(same)) yield* entryBlock(block, same[0]?.kind !== 'modify');
  }
}

function* fileBlock(block: DiffBlock, folderName: string): Generator<Html> {
  const language = languageTag.test(folderName) ? folderName : undefined;
  const name = language === undefined ? undefined : languageNames.of(language);
  const shown = folderName === defaultLanguage ? 'Default language' : (name ?? folderName);
  yield html`<article class="change">
<h3>${isolated(shown)} <span class="aside">${isolated(block.heading)}</span></h3>
`;
  yield* lines(block.lines, language);
  yield* listed('places', block.places, fewPlaces, 'more with the same change');
  yield html`</article>\n`;
}

/** Language, script and region (RFC 5646): as much of a language tag as the names of nls folders can be. */
const languageTag = /^[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?$/;
const languageNames = new Intl.DisplayNames('en', { type: 'language', languageDisplay: 'standard', fallback: 'none' });

/** The attributes of an entry that is deleted or created as a whole are folded: the delete matters more than its values. */
function* entryBlock(block: DiffBlock, isWhole: boolean): Generator<Html> {
  const [dn = '', ...more] = block.places;
  const { type, value } = rdnOf(dn);
  const name = more.length === 0 ? isolated(`${type}=${value}`) : '';
  const isFolded = isWhole || block.lines.length > fewLines;
  yield html`<article class="change">
<h3>${block.heading} ${name}</h3>
`;
  yield* listed('places', block.places, fewPlaces, 'more with the same change');
  if (isFolded) yield html`<details><summary>${counted(block.lines.length, 'attribute value')}</summary>\n`;
  yield* lines(block.lines);
  if (isFolded) yield html`</details>\n`;
  yield html`</article>\n`;
}

function* lines(all: readonly DiffLine[], language?: string): Generator<Html> {
  if (all.length === 0) return;
  yield html`<ul class="lines">\n`;
  for (const line of all) yield html`<li>${edited(line, language)}</li>\n`;
  yield html`</ul>\n`;
}

function edited(line: DiffLine, language: string | undefined): Html {
  const { name, value, end } = partsOf(line.segments);
  const marked = value.map(({ text, changed }) => (changed ? html`<mark>${text}</mark>` : text));
  const bdi = language === undefined ? html`<bdi>${marked}</bdi>` : html`<bdi lang="${language}">${marked}</bdi>`;
  const content = html`<span class="sign">${line.sign}</span>${name}${bdi}${end}`;
  if (line.sign === ' ') return content;
  return line.sign === '-' ? html`<del>${content}</del>` : html`<ins>${content}</ins>`;
}

/** The value apart from the name before it and the quote behind it, so that its writing direction is its own. */
function partsOf([first, ...others]: readonly Segment[]): {
  readonly name: string;
  readonly value: readonly Segment[];
  readonly end: string;
} {
  if (first === undefined) return { name: '', value: [], end: '' };
  const [name = ''] = /^[^(].*?(?:="|: )/s.exec(first.text) ?? [];
  const rest = { ...first, text: first.text.slice(name.length) };
  const isQuoted = name.endsWith('="') && others.at(-1)?.text === '"';
  return { name, value: [rest, ...(isQuoted ? others.slice(0, -1) : others)], end: isQuoted ? '"' : '' };
}

function* steps(all: readonly Step[]): Generator<Html> {
  if (all.length === 0) yield html`<p>Nothing.</p>\n`;
  else yield html`<ol class="steps">\n`;
  for (const { text, lines: own = [], commands } of all) {
    yield html`<li><p>${isolated(text)}</p>${own.map((line) => html`<p class="aside">${isolated(line)}</p>`)}${commands.map((command) => html`<pre><code>${command}</code></pre>`)}</li>\n`;
  }
  if (all.length > 0) yield html`</ol>\n`;
}

function applying({ target }: Plan): Html {
  const resume = 'If it is interrupted, run the same command again: it continues where it stopped.';
  if (target.kind === 'files') {
    return html`<p>Run it on a computer that can write to the folders listed above. ${resume}</p>`;
  }
  const { connection } = target;
  switch (connection.kind) {
    case 'ldif':
      return html`<p>The plan was made from an export: apply writes the LDIF to import and changes no directory.</p>`;
    case 'practice':
      return html`<p>It changes the practice site and no other directory. ${resume}</p>`;
    case 'server':
      return html`<p>It connects to ${connection.host} once --server names it again or --seal approves this plan, and logs on as the user who applies it; no password is in any file. ${resume}</p>`;
  }
}

function* folder({ target, changes: all }: Plan): Generator<Html> {
  const readers = asksForControls(all.filter((change) => change.kind !== 'file'))
    ? 'for ldapmodify; ldifde does not accept its controls'
    : 'for ldifde or ldapmodify';
  const contents = [
    [folderParts.plan, 'the sealed plan: this is what apply reads'],
    [folderParts.page, 'this page'],
    [folderParts.text, 'the same review as plain text'],
    ...(target.kind === 'files'
      ? [
          [folderParts.diff, 'the change of every file, as a unified diff of its text in UTF-8'],
          [`${folderParts.backup}/`, 'each file byte for byte, copied here before it is changed'],
        ]
      : [
          [folderParts.ldif, `the change as LDIF, ${readers}`],
          [folderParts.entriesBefore.replaceAll('\\', '/'), 'every attribute of every entry that is changed, as LDIF'],
        ]),
    [folderParts.journal, 'what apply and undo did, and when'],
    [folderParts.nextSteps, 'what remains to be done by hand, if anything'],
  ];
  for (const [name = '', content = ''] of contents)
    yield html`<tr><th scope="row">${code(name)}</th><td>${content}</td></tr>\n`;
}

function check({ target }: Plan): Html {
  return target.kind === 'files'
    ? html`<p>Each file is read again right before it is written and is replaced only if its length and SHA-256 are still those in the plan. A file that has changed since is skipped and reported. Each file is backed up byte for byte first; only the texts shown here change. A journal on disk records what is about to be written and what was written, so that a run can be continued or undone.</p>`
    : html`<p>Each entry is read again by its objectGUID right before it is changed. It must have the DN shown here; values to be replaced must still be there; an entry to be deleted must have the same uSNChanged and no children except those that the plan deletes. If anything has changed since, nothing is written and the run stops. The plan applies to the forest named above and to no other. A journal on disk records what is about to be written and what was written, so that a run can be continued or undone.</p>`;
}

/** In groups that an eye can compare; copied from the page they are one word again. */
function seal(plan: Plan): Html {
  const groups = plan.seal.match(/.{1,8}/gsu) ?? [];
  return html`<p class="seal">${groups.map((group) => html`<span>${group}</span><wbr>`)}</p>`;
}
