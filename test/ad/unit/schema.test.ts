import { expect, test } from 'vitest';
import { readAttributeNumbers, readDnAttributes } from '../../../src/ad/schema.ts';
import { DirectoryError } from '../../../src/errors.ts';
import { configuration, openDcs, withoutSchema } from '../../remedies/lingering/support/pair.ts';

const attribute = (name: string, ...lines: readonly string[]): string =>
  [
    `dn: CN=${name},CN=Schema,${configuration}`,
    'objectClass: attributeSchema',
    `lDAPDisplayName: ${name}`,
    ...lines,
  ].join('\n');

test('an attribute is found by the number of its OID, or by the one that the forest gave it', async () => {
  const schema = [
    attribute('description', 'attributeID: 2.5.4.13'),
    attribute('member', 'attributeID: 2.5.4.31'),
    attribute('userAccountControl', 'attributeID: 1.2.840.113556.1.4.8'),
    attribute('uid', 'attributeID: 0.9.2342.19200300.100.1.1'),
    attribute('own', 'attributeID: 1.3.6.1.4.1.99999.1.1', 'msDS-IntId: -1946157046'),
    attribute('unknownPrefix', 'attributeID: 1.3.6.1.4.1.99999.1.2'),
    attribute('longArc', 'attributeID: 2.5.4.99999'),
  ].join('\n\n');
  const dcs = await openDcs(['dc1'], schema);
  const numbers = await readAttributeNumbers(await dcs.session('dc1'));
  expect(Object.fromEntries(numbers)).toEqual({
    [0x0_000d]: 'description',
    [0x0_001f]: 'member',
    [0x9_0008]: 'userAccountControl',
    [0x15_0001]: 'uid',
    [0x8c00_000a]: 'own',
  });
});

test('a schema that cannot be read is reported as such, not as one without attributes', async () => {
  const dcs = await openDcs(['dc1'], attribute('assistant', 'attributeSyntax: 2.5.5.1'));
  const session = await dcs.session('dc1');
  const unseeing = withoutSchema(session);
  await expect(readAttributeNumbers(unseeing)).rejects.toThrow(DirectoryError);
  await expect(readDnAttributes(unseeing, 'error')).rejects.toThrow(DirectoryError);
  expect(await readDnAttributes(unseeing, 'none')).toEqual([]);
  expect(await readDnAttributes(session, 'error')).toMatchObject([{ name: 'assistant' }]);
});
