/**
 * The review as a page for those who approve changes: review.html, one file that needs nothing from a network.
 * templates/review.html holds its style and every word that is the same for all plans.
 */

import { type Finding, openBlockers, whyRefused } from '../change/findings.ts';
import { folderParts } from '../change/folder.ts';
import type { JournalRecord } from '../change/journal.ts';
import type { FileChange, Plan } from '../change/plan.ts';
import { type Position, undoneWords } from '../change/position.ts';
import type { PlanInWords, Step } from '../remedies/remedy.ts';
import { counted, groupBy } from '../words.ts';
import { diffHtml } from './diff-html.ts';
import { exhibitHtml } from './exhibit-html.ts';
import { asksForControls } from './ldif.ts';
import { aside, code, type Html, html, isolated, pathList, row } from './markup.ts';
import { reviewRows } from './rows.ts';
import {
  foldedFindings,
  type HeadRow,
  headOf,
  type Outcome,
  outcomeInWords,
  outcomeOf,
  runInWords,
  stepsInOrder,
  stepsNow,
  summaryParts,
} from './summary.ts';
import { type Commands, commandsAreOfPlan, handedOverWords, howHeading, lostWords, recordedNotice } from './text.ts';

const fewEvidence = 8;

/** The input of a page. */
interface Page {
  readonly plan: Plan;
  readonly description: PlanInWords;
  readonly commands: Commands;
  readonly outcome: Outcome | undefined;
}

/**
 * The page in pieces, so that a plan of ten thousand changes is never held in memory as one string.
 *
 * @param template the text of templates/review.html, with a {{name}} where a part of the plan goes
 * @param journal the records of the change folder's journal, once there is one
 * @param position the position of the change, if more is known than its own journal shows
 * @throws RangeError if the template names an unknown part
 */
export function* htmlReview(
  plan: Plan,
  description: PlanInWords,
  commands: Commands,
  template: string,
  journal: readonly JournalRecord[] = [],
  position?: Position,
): Generator<string> {
  const page = { plan, description, commands, outcome: outcomeOf(plan, journal, position) };
  // Splitting by a pattern with a group gives static text and names in turn.
  for (const [index, text] of template.split(/\{\{([a-z]+)\}\}/).entries()) {
    if (index % 2 === 0) yield text;
    else for (const piece of partOf(page, text)) yield piece.html;
  }
}

function partOf({ plan, description, commands, outcome }: Page, name: string): Iterable<Html> {
  switch (name) {
    case 'title':
      return [html`${description.title}`];
    case 'verdict':
      return [verdict(plan, outcome)];
    case 'summary':
      return summary(plan, description, outcome);
    case 'origin':
      return headOf(plan).filter(isOrigin).map(headRow);
    case 'recorded':
      return recorded(recordedNotice(plan, 'framed'));
    case 'navigation':
      return navigation(plan, commands);
    case 'changes':
      return changes(plan, description, outcome);
    case 'findings':
      return section('findings', 'Blockers and warnings', findings(plan, ['blocker', 'warning'], description));
    case 'pictures':
      return section('pictures', 'Pictures', [
        ...(plan.exhibits.length > 0 ? recorded(recordedInBrief) : []),
        ...plan.exhibits.flatMap((exhibit) => [...exhibitHtml(exhibit)]),
      ]);
    case 'notes':
      return section('notes', 'Notes', findings(plan, ['note'], description));
    case 'steps':
      return steps(stepsNow(description.nextSteps, outcome));
    case 'apply':
      return [html`<h2 id="apply">${howHeading(commands)}</h2>\n`, apply(plan, commands, outcome)];
    case 'reading':
      return [reading(commands)];
    case 'folder':
      return folder(plan, commands);
    case 'check':
      return [check(plan, commands)];
    case 'seal':
      return [seal(plan)];
    default:
      throw new RangeError(`the page has no part ${name}`);
  }
}

/** A part with its heading; nothing where it has no content. */
function* section(id: string, heading: string, content: Iterable<Html>): Generator<Html> {
  let isEmpty = true;
  for (const piece of content) {
    if (isEmpty) yield html`<section aria-labelledby="${id}">\n<h2 id="${id}">${heading}</h2>\n`;
    isEmpty = false;
    yield piece;
  }
  if (!isEmpty) yield html`</section>\n`;
}

/** Above each part that shows text of the plan; the head of the page says it in full. */
const recordedInBrief = 'As recorded in the plan, not checked.';

function recorded(notice: string | undefined): readonly Html[] {
  return notice === undefined ? [] : [html`<p class="aside">${notice}</p>\n`];
}

function* navigation({ findings: found, exhibits }: Plan, commands: Commands): Generator<Html> {
  const hasNotes = found.some(({ level }) => level === 'note');
  const hasOthers = found.some(({ level }) => level !== 'note');
  const parts = [
    ['changes', 'Changes'],
    ...(hasOthers ? [['findings', 'Blockers and warnings']] : []),
    ...(exhibits.length > 0 ? [['pictures', 'Pictures']] : []),
    ...(hasNotes ? [['notes', 'Notes']] : []),
    ['steps', 'Next steps'],
    ['apply', howHeading(commands)],
    ['safeguards', 'Safeguards'],
    ['seal', 'Seal'],
  ];
  for (const [id = '', name = ''] of parts) yield html`<li><a href="#${id}">${name}</a></li>\n`;
}

function verdict(plan: Plan, outcome: Outcome | undefined): Html {
  if (outcome !== undefined) {
    const isWhole = outcome.position.kind === 'applied';
    return html`<div class="verdict ${isWhole ? 'clear' : 'overruled'}">
<strong>${outcomeInWords(plan, outcome)}</strong>
This page shows the plan and its outcome.
</div>`;
  }
  const blockers = openBlockers(plan.findings).length;
  if (blockers > 0) {
    return html`<div class="verdict blocked">
<strong>${counted(blockers, 'blocker stops', 'blockers stop')} this change</strong>
apply refuses this plan. Do what each blocker says, then make a new plan.
</div>`;
  }
  const accepted = plan.findings.filter(({ level, accepted: isAccepted }) => level === 'blocker' && isAccepted).length;
  const warnings = plan.findings.filter(({ level }) => level === 'warning').length;
  const toRead = warnings === 0 ? '' : ` Read the ${counted(warnings, 'warning')} before you approve.`;
  if (plan.changes.length === 0) {
    return html`<div class="verdict ${warnings > 0 ? 'overruled' : 'clear'}"><strong>Nothing to change</strong>${toRead}</div>`;
  }
  const words =
    accepted === 0
      ? 'Nothing stops this change'
      : `${counted(accepted, 'blocker was', 'blockers were')} accepted; nothing else stops this change`;
  return html`<div class="verdict ${accepted > 0 ? 'overruled' : 'clear'}">
<strong>${words}</strong>
This page was made before anything was changed.${toRead}
</div>`;
}

function headRow({ name, value, note, isAlarming }: HeadRow): Html {
  if (note === undefined) return row(name, isolated(value));
  const words = isAlarming ? html`<strong class="aside blocker">${isolated(note)}</strong>` : aside(note);
  return row(name, isolated(value), words);
}

/** Reason and ticket belong to the summary of the change; the rest of the head shows the origin of the plan. */
function isOrigin({ name }: HeadRow): boolean {
  return name !== 'Reason' && name !== 'Ticket';
}

/** What changes and why, on the first screen. */
function* summary(plan: Plan, description: PlanInWords, outcome: Outcome | undefined): Generator<Html> {
  for (const { name, value } of description.summary) yield row(name, isolated(value));
  yield* headOf(plan)
    .filter((part) => !isOrigin(part))
    .map(headRow);
  const files = plan.changes.filter((change) => change.kind === 'file');
  if (files.length > 0) yield row('Encodings, all kept', isolated(encodingsOf(files)));
  yield row('Total', summaryParts(plan, description.extent).join(' · '));
  if (outcome !== undefined)
    yield row(
      'Runs',
      outcome.runs.map((run) => html`<span class="line">${runInWords(run)}</span>`),
    );
}

/** "utf-8 (3), windows-1252 (12)" */
function encodingsOf(files: readonly FileChange[]): string {
  return [...groupBy(files, ({ encoding }) => encoding)]
    .toSorted(([one], [other]) => one.localeCompare(other, 'en'))
    .map(([encoding, some]) => `${encoding} (${some.length.toLocaleString('en')})`)
    .join(', ');
}

function* changes(plan: Plan, { changes: exhibits }: PlanInWords, outcome: Outcome | undefined): Generator<Html> {
  if (plan.changes.length === 0) yield html`<p>None.</p>\n`;
  else yield* diffHtml(reviewRows(plan.changes), plan, outcome);
  for (const exhibit of exhibits) yield* exhibitHtml(exhibit);
}

const levelNames = { blocker: 'Blockers', warning: 'Warnings', note: '' } as const;

function* findings(
  { findings: all, target }: Plan,
  levels: readonly Finding['level'][],
  { stepsOf = () => [] }: PlanInWords,
): Generator<Html> {
  const folded = foldedFindings(all.filter(({ level }) => levels.includes(level)));
  const roots = target.kind === 'files' ? target.roots : [];
  if (folded.length > 0) yield* recorded(recordedInBrief);
  for (const level of levels) {
    const ofLevel = folded.filter((finding) => finding.level === level);
    if (ofLevel.length > 0 && levelNames[level] !== '') yield html`<h3>${levelNames[level]}</h3>\n`;
    for (const finding of ofLevel) yield* article(finding, stepsOf(finding), roots);
  }
}

function* article(finding: Finding, ofFinding: readonly Step[], roots: readonly string[]): Generator<Html> {
  const { id, level, accepted, title, detail, evidence, source } = finding;
  const heading = html`<span class="badge">${accepted ? `accepted ${level}` : level}</span> ${isolated(title)} <code>${id}</code>`;
  yield html`<article class="finding ${accepted ? 'accepted' : level}">
${level === 'note' ? html`<h3>${heading}</h3>` : html`<h4>${heading}</h4>`}
`;
  if (detail !== '') yield html`<p>${isolated(detail)}</p>\n`;
  for (const { text, commands } of ofFinding) {
    if (text !== '') yield html`<p>${isolated(text)}</p>\n`;
    for (const command of commands) yield html`${framed(command)}\n`;
  }
  if (source !== undefined)
    yield html`<p class="aside">From ${source.name}, read ${source.read}, not read again${source.sha256 === undefined ? '' : `; SHA-256 ${source.sha256}`}</p>\n`;
  if (evidence.length > 0) yield* pathList('evidence', evidence, roots, fewEvidence, 'more');
  yield html`${consequence(finding)}</article>\n`;
}

/** Whether the finding stops the change, and whether it can be accepted. */
function consequence({ id, level, acceptable, accepted }: Finding): Html {
  if (accepted) return html`<p class="aside">Accepted when the plan was made: it does not stop the change.</p>\n`;
  if (level !== 'blocker') return html``;
  return acceptable
    ? html`<p class="aside">Stops the change. To accept it, make a new plan with <code>--accept ${id}</code>.</p>\n`
    : html`<p class="aside">Stops the change and cannot be accepted.</p>\n`;
}

function* steps(all: readonly Step[]): Generator<Html> {
  if (all.length === 0) yield html`<p>Nothing.</p>\n`;
  else {
    if (all.some(({ commands }) => commands.length > 0)) yield html`<p class="aside">${commandsAreOfPlan}</p>\n`;
    yield html`<ol class="steps">\n`;
  }
  for (const { text, lines = [], commands, outage } of stepsInOrder(all)) {
    const mark = outage === true ? html`<strong class="outage">Interrupts a service.</strong> ` : '';
    const own = lines.map((line) => html`<p class="aside">${isolated(line)}</p>`);
    yield html`<li><p>${mark}${isolated(text)}</p>${own}${commands.map(framed)}</li>\n`;
  }
  if (all.length > 0) yield html`</ol>\n`;
}

/** A command of this tool: no text of a plan has such a frame. */
function framed(command: string): Html {
  return html`<pre><code>${command}</code></pre>`;
}

/** How to read the changes, and how to apply a part of them. */
function reading({ undo }: Commands): Html {
  if (undo === undefined)
    return html`<p>Each object is listed with the attributes that were read. This tool does not remove it.</p>`;
  return html`<p>Lines with <code>-</code> are removed, lines with <code>+</code> are added; words that differ are <mark>marked</mark>. To apply some rows only, give their numbers: <code>apply --only 1,3</code> or <code>--except 2</code>.</p>`;
}

function apply(plan: Plan, { apply: command, undo }: Commands, outcome: Outcome | undefined): Html {
  if (outcome?.position.kind === 'undone') return html`<p>${undoneWords}</p>`;
  if (undo === undefined) {
    return html`<p>${handedOverWords}</p>\n<h3>Check again</h3>\n<pre><code>${command}</code></pre>`;
  }
  const applied =
    openBlockers(plan.findings).length > 0
      ? html`<p>apply refuses this plan: ${whyRefused(plan.findings)}.</p>`
      : html`<pre><code>${command}</code></pre>\n${applying(plan)}`;
  return html`<h3>Apply</h3>\n${applied}\n<h3>Undo</h3>
<pre><code>${undo}</code></pre>
<p>The undo reads the journal and reverses what was done. It makes a new plan, which is reviewed, checked and journalled in the same way.</p>`;
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
      return html`<p>It connects to ${connection.host} only after --server names it again or --seal approves this plan, and logs on as the user who applies it. No file contains a password. ${resume}</p>`;
  }
}

function* folder({ target, changes: all }: Plan, { undo }: Commands): Generator<Html> {
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
          undo === undefined
            ? [
                folderParts.ldif,
                'the removal as LDIF, for ldifde on Windows; with a separate file for each of several DCs',
              ]
            : [folderParts.ldif, `the change as LDIF, ${readers}`],
          [
            folderParts.entriesBefore.replaceAll('\\', '/'),
            `every attribute of every ${undo === undefined ? 'object listed' : 'entry that is changed'}, as LDIF`,
          ],
        ]),
    ...(undo === undefined ? [] : [[folderParts.journal, 'what apply and undo did, and when']]),
    [folderParts.nextSteps, 'the next steps, if there are any'],
  ];
  for (const [name = '', content = ''] of contents)
    yield html`<tr><th scope="row">${code(name)}</th><td>${content}</td></tr>\n`;
}

function check({ target }: Plan, { undo }: Commands): Html {
  if (undo === undefined) {
    return html`<p>apply reads the directory again with the options of this plan. It changes nothing there, and updates only the documents in the change folder. The list was made at the time above: objects may have been created, deleted or removed since.</p>`;
  }
  const recorded =
    'Findings, tables and pictures are as recorded when the plan was made; apply judges the change again.';
  return target.kind === 'files'
    ? html`<p>${recorded}</p>\n<p>Each file is read again right before it is written and is replaced only if its length and SHA-256 are still those in the plan. A file that has changed since is skipped and reported. Each file is backed up byte for byte first; only the texts shown here change. ${lostWords} A journal on disk records what is about to be written and what was written, so that a run can be continued or undone.</p>`
    : html`<p>${recorded}</p>\n<p>Each entry is read again by its objectGUID right before it is changed. It must have the DN shown here; values to be replaced must still be there; an entry to be deleted must have the content in the plan, and no children except those that the plan deletes. If anything has changed since, nothing is written and the run stops. The plan applies to the forest named above and to no other. A journal on disk records what is about to be written and what was written, so that a run can be continued or undone.</p>`;
}

/** In groups that an eye can compare; copied from the page they are one word again. */
function seal(plan: Plan): Html {
  const groups = plan.seal.match(/.{1,8}/gsu) ?? [];
  return html`<p class="seal">${groups.map((group) => html`<span>${group}</span><wbr>`)}</p>`;
}
