import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/change/findings.ts';
import { readForm } from '../../../src/remedies/labels/forms.ts';
import type { LabelsOptions } from '../../../src/remedies/labels/options.ts';
import { applyIn, planOf, undoOf } from '../../support/file-plans.ts';
import { freshFolder, type Tree, writeTree } from '../../support/fresh-folder.ts';
import { type Examination, emailWording, examine, judgeNow, labelOptions } from '../../support/label-options.ts';
import { encodedAs, stringsContent } from '../../support/strings-content.ts';

let home: string;
let root: string;

beforeEach(async () => {
  home = await freshFolder();
  root = path.join(home, 'forms');
});

const folder = (set = 'Exchange'): string => path.join(root, set, 'HTML');
const forms = (files: Tree, set = 'Exchange'): Promise<void> =>
  writeTree(folder(set), { 'strings.txt': stringsContent('Domain\\user name:'), ...files });
const look = (more?: Partial<LabelsOptions>): Promise<Examination> =>
  examine(labelOptions(root, { newLabel: emailWording, ...more }));
const finding = ({ findings }: Examination, id: string): Finding | undefined => findings.find((one) => one.id === id);

const usual = '<label for="username">@@L_UserName_Text</label><input id="username" name="username" type="text">';

describe('which forms show the new label', () => {
  test('is said by set and class', async () => {
    await forms({
      'usr_pwd.htm': usual,
      'usr_pcode.HTML': usual.toUpperCase(),
      'logoff.htm': '@@L_OWALogoffUser_Text',
    });
    await forms({ 'usr_pwd.htm': usual }, 'ISA');
    const examination = await look();
    expect(finding(examination, 'forms-that-show-it')).toMatchObject({
      level: 'note',
      evidence: ['Exchange · HTML: usr_pwd.htm', 'ISA · HTML: usr_pwd.htm'],
    });
    expect(finding(examination, 'form-without-label')?.evidence).toEqual([
      `Exchange · HTML · usr_pcode.HTML: uses L_USERNAME_TEXT, in ${folder()}`,
    ]);
  });

  test.each([
    ['its own label', '<label for=username><b>User\n name:</b></label>', 'has its own label: User name:'],
    ['another key', usual.replace('L_UserName_Text', 'L_UserID_Text'), 'uses L_UserID_Text'],
    [
      'another key in its label, and this one elsewhere',
      `<p>@@L_UserName_Text</p>${usual.replace('L_UserName_Text', 'L_Other_Text')}`,
      'uses L_Other_Text',
    ],
    [
      'its own label, and this key elsewhere',
      `<p>@@L_UserName_Text</p>${usual.replace('@@L_UserName_Text', 'Name')}`,
      'has its own label: Name',
    ],
    ['no label at all', '<input name="username" src="@@FORMDIR">', 'uses no key for it'],
    [
      'the label with this key commented out',
      `<!-- ${usual} --><label for="username">ドメイン\\ユーザー名:</label><input name="username">`,
      'has its own label: ドメイン\\ユーザー名:',
    ],
    [
      'a label for the id of the field',
      '<label for="tx">Domäne&#92;Benutzer:</label><input id="tx" name="username">@@L_UserName_Text',
      'has its own label: Domäne\\Benutzer:',
    ],
    [
      'a label around the field',
      '<label>Domain\\user <input name="username"></label>@@L_UserName_Text',
      'has its own label: Domain\\user',
    ],
  ])('is not one with %s', async (_, html, reason) => {
    await forms({ 'a.htm': html });
    expect(finding(await look(), 'form-without-label')).toMatchObject({
      level: 'warning',
      evidence: [`Exchange · HTML · a.htm: ${reason}, in ${folder()}`],
      subjects: [path.join(folder(), 'a.htm')],
    });
  });

  test.each([
    [
      'a form of a later step, which carries the name in a hidden field',
      '<input type="hidden" name="userid">@@L_Passcode_Text',
    ],
    ['a form whose field has a mark of its own beside the label', `${usual}<label for="username">Required</label>`],
    ['a form with an empty label', '<label for="username">&nbsp;</label>@@L_UserName_Text<input name="username">'],
  ])('is not asked of %s', async (_, html) => {
    await forms({ 'a.htm': html });
    expect(finding(await look(), 'form-without-label')).toBeUndefined();
  });

  test('is one whose other key is changed too', async () => {
    await forms({ 'a.htm': usual.replace('L_UserName_Text', 'L_UserID_Text') });
    const examination = await look({ keys: ['L_UserName_Text', 'L_UserID_Text'] });
    expect(finding(examination, 'form-without-label')).toBeUndefined();
  });
});

describe('a text of its own that names the domain is found in a form', () => {
  test.each([
    ['as a placeholder in double quotes', '<input placeholder="Domain\\Username">'],
    ['as a placeholder in single quotes', "<input placeholder = 'Domain\\Username'>"],
    ['as a placeholder without quotes', '<input placeholder=Domain\\Username>'],
    ['with an entity', '<input placeholder="Domain&#92;Username">'],
    ['with a named entity', '<input placeholder=Domain&bsol;Username>'],
    ['as a tooltip', '<input title="Domain\\Username">'],
    ['as plain text, though no label', '<td>Domain\\Username</td><td><input name="username"></td>'],
    ['in a script', '<script>document.write("Domain\\\\Username")</script>'],
  ])('%s', (_, html) => {
    for (const encoding of ['utf-8', 'utf-16le with BOM'] as const) {
      expect(readForm('a.htm', encodedAs(encoding, html)).domainTexts).toEqual(['Domain\\Username']);
    }
  });

  test.each([
    '<!-- Domain\\Username --><p>Name</p>',
    '<a href="C:\\temp\\form">form</a><style>p { font-family: \\Arial }</style>',
    '<script>var digits = "\\\\d+"; // "Domain\\\\Username"\n</script>',
    '<script>alert("No access\\nTry again"); find("[\\\\x20\\\\t\\\\r\\\\n]"); open("\\\\\\\\server\\\\share")</script>',
    '<p>C:\\Forms\\logon</p><p>\\\\server\\share</p>',
  ])('but not where no user sees it: %s', (html) => {
    expect(readForm('a.htm', Buffer.from(html)).domainTexts).toEqual([]);
  });

  test.each(['<meta content="text/html; charset=Shift_JIS">', ''])(
    'and not in a byte of a Japanese character, with and without the name of the encoding: %s',
    (meta) => {
      const html = `${meta}<p>パソコンソフト表示</p>`;
      expect(readForm('a.htm', encodedAs('windows-932', html)).domainTexts).toEqual([]);
    },
  );
});

describe('a script that puts a domain before the name', () => {
  const lines = [
    'form.username.value = "CONTOSO\\\\" + form.username.value;',
    'name = domain + "\\\\" + name;',
    "name = 'CONTOSO\\\\'.concat(name);",
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are the script's.
    'name = `CONTOSO\\\\${name}`;',
    'name = domain + String.fromCharCode(92) + name;',
    'body = "username=CONTOSO%5C" + name;',
    'name = unescape("CONTOSO%5C") + name;',
    'name = domain.concat("\\\\", name);',
    'name = [domain, name].join("\\\\");',
    'var start = "CONTOSO\\\\";',
    'name = name.replace(/^/, "CONTOSO\\\\");',
    'name = "CONTOSO\\x5c" + name;',
    'name = address.replace(/^https?:\\/\\//, "") + "\\\\" + name;',
    'name = "CONTOSO\\" & name',
    'name = domain & "\\" & name',
    'name = "CONTOSO" & Chr(92) & name',
    'name = domain + `\\\\` + name;',
    'name = ("CONTOSO\\\\") + name;',
    'name = "contoso\\\\".toUpperCase() + name;',
    'name = String.fromCharCode(67, 79, 92) + name;',
    'name = format("CONTOSO\\\\{0}", name);',
    'var start = { domain: "CONTOSO\\\\" };',
    '$("#username").val("CONTOSO\\\\");',
    'field.setAttribute("value", "CONTOSO\\\\");',
    'var sep = "\\\\"; if (name.indexOf(sep) < 0) name = domain + sep + name;',
    'var sep = "\\\\";',
    'name = `CONTOSO${"\\\\"}${name}`;',
    "name = `CONTOSO${ '\\\\' }${name}`;",
    'name = `CONTOSO${"\\x5c"}${name}`;',
    'name = `CONTOSO${"\\u{5c}"}${name}`;',
    'name = `CONTOSO${String.fromCharCode(92)}${name}`;',
    'name = `CONTOSO${unescape("%5C")}${name}`;',
    'name = `${"CONTOSO\\\\"}${name}`;',
    'name = `${domain + "\\\\"}${name}`;',
    'name = `${domain}${"\\\\"}${name}`;',
    'name = `CONTOSO\\x5c${name}`;',
    'name = `CONTOSO\\u005c${name}`;',
    'body = `username=CONTOSO%5C${name}`;',
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are the script's.
    'name = "CONTOSO" + String.fromCodePoint(92) + name;',
    'name = "CONTOSO" + String["fromCharCode"](92) + name;',
    'name = "CONTOSO" + "\\u{5c}" + name;',
    'name = domain.concat(unescape("%5C"), name);',
    'name = [domain, name].join(String.fromCharCode(92));',
    'name = [domain, name].join(unescape("%5C"));',
    'name = ["CONTOSO", "\\\\", name].join("");',
    'name = ["CONTOSO\\\\", name].join("");',
    'name = new Array(domain, "\\x5c", name).join("");',
    'name = name.replace(/^/, "CONTOSO" + String.fromCharCode(92));',
    'var sep = unescape("%5C"); name = domain + sep + name;',
    'field.setRangeText("CONTOSO\\\\", 0, 0);',
  ];

  test.each(lines)('blocks a label that asks for an address, until it is accepted: %s', async (line) => {
    await forms({ 'flogon.js': `function go() {\n  ${line}\n}\n` });
    const examination = await look();
    expect(finding(examination, 'default-domain-script')).toMatchObject({
      level: 'blocker',
      acceptable: true,
      accepted: false,
      evidence: [`Exchange · HTML · flogon.js, line 2: ${line}, in ${folder()}`],
    });
    // The diff is the same: only whether it may be applied is the user's word.
    expect(examination.changes).toHaveLength(1);
    expect(finding(await look({ accept: ['default-domain-script'] }), 'default-domain-script')?.accepted).toBe(true);
  });

  test.each(['nls', 'nls/de'])('is found beside a form set whose %s is the root', async (below) => {
    await forms({
      'flogon.js': lines[0] ?? '',
      nls: { de: { 'strings.txt': stringsContent('Domäne\\Benutzername:') } },
    });
    const examination = await examine(labelOptions(path.join(folder(), below), { newLabel: emailWording }));
    expect(examination.changes).toMatchObject([{ language: 'de' }]);
    expect(finding(examination, 'default-domain-script')?.subjects).toEqual([path.join(folder(), 'flogon.js')]);
  });

  test('is found in the form itself, and for the user principal name as well', async () => {
    await forms({ 'a.htm': `${usual}<script>u.value = "CONTOSO\\\\" + u.value;</script>` });
    const upn = await look({ newLabel: { ...emailWording, label: 'upn' } });
    expect(finding(upn, 'default-domain-script')).toMatchObject({ level: 'blocker' });
  });

  test('does not block a label that asks for the user name', async () => {
    await forms({ 'flogon.js': lines[0] ?? '' });
    const username = await look({ newLabel: { ...emailWording, label: 'username' } });
    expect(finding(username, 'default-domain-script')).toBeUndefined();
  });

  test('is found where it continues in the next line', () => {
    const { domainLines } = readForm('flogon.js', Buffer.from('go();\nname = "CONTOSO\\\\"\n  + name;'));
    expect(domainLines).toMatchObject([{ line: 2, text: 'name = "CONTOSO\\\\"' }]);
  });

  test('is found as the text that the field begins with', async () => {
    await forms({ 'a.htm': `${usual}<input name="username" value="CONTOSO&#92;">` });
    expect(finding(await look(), 'default-domain-script')?.subjects).toEqual([path.join(folder(), 'a.htm')]);
  });

  test.each([
    ['beside it', 'flogon.js?v=2', 'flogon.js'],
    ['as TMG hands it out', '/CookieAuth.dll?GetPic?formdir=@@FORMDIR&amp;image=flogon.js', 'flogon.js'],
    ['of another ending', 'logon.vbs', 'logon.vbs'],
    ['below it', './js/flogon.js', 'js/flogon.js'],
    ['in another folder of the root', '..\\..\\common\\flogon.js', '../../common/flogon.js'],
  ])('is found in what the form loads: %s', async (_, source, file) => {
    await forms({ 'a.htm': `<script src="${source}"></script>${usual}` });
    const script = path.join(folder(), file);
    await mkdir(path.dirname(script), { recursive: true });
    await writeFile(script, lines[0] ?? '');
    const examination = await look();
    expect(finding(examination, 'default-domain-script')?.subjects).toEqual([script]);
    expect(finding(examination, 'scripts-not-read')).toBeUndefined();
  });

  test.each(['https://static.example.com/flogon.js', '/scripts/flogon.js', 'missing.js', '../../../outside.js'])(
    'may be in a script that is out of reach, which is said: %s',
    async (source) => {
      await forms({ 'a.htm': `<script src="${source}"></script>${usual}` });
      await writeFile(path.join(home, 'outside.js'), lines[0] ?? '');
      const examination = await look();
      expect(finding(examination, 'scripts-not-read')).toMatchObject({
        level: 'note',
        evidence: [`Exchange · HTML · a.htm: ${source}, in ${folder()}`],
      });
      expect(finding(examination, 'default-domain-script')).toBeUndefined();
    },
  );

  test.each([
    'if (name.indexOf("\\\\") < 0 && name.indexOf("@") < 0) name = "CONTOSO\\\\" + name;',
    'if (!/@/.test(name)) {\n  name = "CONTOSO\\\\" + name;\n}',
  ])('that seems to leave addresses alone is a note: %s', async (script) => {
    await forms({ 'flogon.js': script });
    const examination = await look();
    expect(finding(examination, 'default-domain-script')).toBeUndefined();
    expect(finding(examination, 'default-domain-spares-addresses')).toMatchObject({ level: 'note' });
  });

  test('does not count as one that leaves addresses alone for an @ far before it in the same line', () => {
    const script = `if (x == "@") y();${' z();'.repeat(100)} name = "CONTOSO\\\\" + name;`;
    expect(readForm('flogon.js', Buffer.from(script)).domainLines).toMatchObject([{ testsForAt: false }]);
  });

  test.each([
    '// name = "CONTOSO\\\\" + name;',
    '/* name = "CONTOSO\\\\"\n + name; */',
    'if (name.indexOf("\\\\") > 0) warn();',
    'user = name.substr(name.lastIndexOf("\\\\") + 1);',
    'user = name.split("\\\\")[1];',
    'return ch.slice(0, -1) + "\\\\" + ch.charCodeAt(0).toString(16);',
    'return "\\\\" + ch;',
    'icon = "C:\\\\icons\\\\" + name;',
    'folder = address.split("/").join("\\\\");',
    'cell = "<b title=\\"name\\"&nbsp;>";',
    'var sep = "\\\\"; user = name.split(sep)[1];',
    'var sep = "\\\\";\nif (name.indexOf(sep) > 0 || ch === sep) warn();',
    'var slash = String.fromCharCode(92); at = name.lastIndexOf(slash) + 1;',
    'escaped = new RegExp("\\\\" + ch);',
    'var escapes = { "\\\\": "\\\\\\\\", "/": "/" };',
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are the script's.
    're = new RegExp(`\\\\${ch}`);',
    'return `\\\\${ch}`;',
    's = `${"\\\\"}${ch}`;',
    'at = name.indexOf(String.fromCodePoint(92));',
    'var sep = unescape("%5C"); user = name.split(sep)[1];',
    'name = name.replace(/\\//g, String.fromCharCode(92));',
    'table = [["\\\\", slash], ["/", solidus]];',
    'if (["/", "\\\\", sep].includes(ch)) stop();',
    'text = replaceAll(name, "\\\\", slash);',
    'hint = `No ${"\\\\"} before ${name}`;',
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are the script's.
  ])('is not one that adds none: %s', (script) => {
    expect(readForm('flogon.js', Buffer.from(script)).domainLines).toEqual([]);
  });

  test('that came after the plan was saved blocks its application; an undo is not blocked', async () => {
    await forms({});
    const { proposal, findings } = await look();
    const plan = planOf(proposal.changes, { ...proposal, findings });
    await writeTree(folder(), { 'flogon.js': lines[0] ?? '' });
    expect(await judgeNow(plan)).toMatchObject([{ id: 'default-domain-script', level: 'blocker', accepted: false }]);
    await applyIn(path.join(home, 'change'), plan);
    const undo = await undoOf(path.join(home, 'change'), plan);
    expect(await judgeNow({ ...undo, intent: plan.intent, target: plan.target })).toEqual([]);
  });
});
