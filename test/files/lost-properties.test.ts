import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { attributesIn, hasOwnAccess, lostProperties, systemTools } from '../../src/files/lost-properties.ts';
import { freshFolder } from '../support/fresh-folder.ts';

/** Sets an extended attribute, which Node cannot; whether the file system has such. */
function setAttribute(file: string, name: string, value: Buffer): boolean {
  const script = 'import os, sys; os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]))';
  try {
    execFileSync('python3', ['-c', script, file, name, value.toString('hex')], { stdio: 'ignore' });
    return true;
  } catch {
    // No Python, or a file system without extended attributes.
    return false;
  }
}

/** An access list that gives user 1000 the right to read (acl(5), version 2 of the attribute). */
const accessList = (() => {
  const entries = [
    [1, 6, 0xffffffff],
    [2, 4, 1000],
    [4, 4, 0xffffffff],
    [0x10, 4, 0xffffffff],
    [0x20, 4, 0xffffffff],
  ] as const;
  const bytes = Buffer.alloc(4 + entries.length * 8);
  bytes.writeUInt32LE(2);
  for (const [index, [tag, rights, id]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 4 + index * 8);
    bytes.writeUInt16LE(rights, 6 + index * 8);
    bytes.writeUInt32LE(id, 8 + index * 8);
  }
  return bytes;
})();

/** Whether this computer can set extended attributes. */
const hasAttributes = (() => {
  const folder = mkdtempSync(path.join(tmpdir(), 'adsi-remedy-probe-'));
  writeFileSync(path.join(folder, 'file'), '');
  const has = setAttribute(path.join(folder, 'file'), 'user.note', Buffer.from('x'));
  rmSync(folder, { recursive: true });
  return has;
})();

const linux = systemTools('linux', {});

describe.skipIf(!hasAttributes)('on Linux (takes python3 and a file system with extended attributes)', () => {
  let folder: string;
  let plain: string;
  let noted: string;

  beforeEach(async () => {
    folder = await freshFolder();
    [plain, noted] = ['plain.txt', 'noted.txt'].map((name) => path.join(folder, name)) as [string, string];
    for (const file of [plain, noted]) await writeFile(file, 'x'.repeat(700));
  });

  test('extended attributes and access lists are lost, and files without them are not named', async () => {
    setAttribute(noted, 'user.note', Buffer.from('a note'));
    setAttribute(noted, 'system.posix_acl_access', accessList);
    expect(await lostProperties([plain, noted], linux)).toEqual({
      kind: 'known',
      ofFile: new Map([[noted, expect.arrayContaining(['access list (ACL)', 'extended attribute user.note'])]]),
    });
  });

  test('a file is found by its name, however long it is and whatever is in it', async () => {
    const deep = path.join(folder, 'ä\nb'.repeat(20), 'c'.repeat(200));
    await mkdir(deep, { recursive: true });
    const file = path.join(deep, 'strings ü.txt');
    await writeFile(file, '');
    setAttribute(file, 'user.note', Buffer.from('multi\nline=value'));
    expect(await lostProperties([plain, file], linux)).toEqual({
      kind: 'known',
      ofFile: new Map([[file, ['extended attribute user.note']]]),
    });
  });

  test('of files without any nothing is lost', async () => {
    expect(await lostProperties([plain, noted], linux)).toEqual({ kind: 'known', ofFile: new Map() });
  });
});

describe('what is not known', () => {
  test('is said where the tool is missing', async () => {
    expect(await lostProperties(['/a'], { kind: 'linux', tar: '/missing/tar' })).toEqual({
      kind: 'not-known',
      why: 'there is no such file or folder (ENOENT)',
    });
  });

  test('is said where the tool fails', async () => {
    const tool = path.join(await freshFolder(), 'tar');
    await writeFile(tool, '#!/bin/sh\necho "unrecognized option" >&2\nexit 1\n');
    await chmod(tool, 0o755);
    expect(await lostProperties(['/a'], { kind: 'linux', tar: tool })).toEqual({
      kind: 'not-known',
      why: 'tar failed (1): unrecognized option',
    });
  });

  test('is said on a system whose tools are not known', async () => {
    expect(await lostProperties(['/a'], systemTools('darwin', {}))).toMatchObject({ kind: 'not-known' });
  });
});

describe('on Windows, by its tools', () => {
  const attrib = [
    'A                    C:\\forms\\de\\strings.txt',
    'A    H               C:\\forms\\de\\hidden.txt',
    'A   SHR              \\\\TMG01\\C$\\forms\\de\\system.txt',
    '',
  ].join('\r\n');

  test.each([
    ['strings.txt', []],
    ['HIDDEN.TXT', ['hidden attribute']],
    ['system.txt', ['hidden attribute', 'system attribute']],
    ['missing.txt', []],
  ])('the attributes of %s', (name, attributes) => {
    expect(attributesIn(attrib, name)).toEqual(attributes);
  });

  const icacls = [
    'inherited.txt BUILTIN\\Administrators:(I)(F)',
    '              NT AUTHORITY\\SYSTEM:(I)(F)',
    '',
    'own.txt EXAMPLE\\helpdesk:(R,W)',
    '        BUILTIN\\Administrators:(I)(F)',
    '',
    'Successfully processed 2 files; Failed processing 0 files',
  ].join('\r\n');

  test.each([
    ['inherited.txt', false],
    ['own.txt', true],
    ['missing.txt', false],
  ])('whether %s has access entries of its own', (name, own) => {
    expect(hasOwnAccess(icacls, name)).toBe(own);
  });
});
