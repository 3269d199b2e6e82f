import iconv from 'iconv-lite';
import type { TextEncoding } from '../../src/files/text-encoding.ts';

/** Text as bytes of an encoding, the byte order mark included: by iconv-lite alone, not by the code under test. */
export function encodedAs(encoding: TextEncoding, text: string): Buffer {
  return iconv.encode(text, encoding.replace(' with BOM', ''), { addBOM: encoding.endsWith(' with BOM') });
}

/** The content of a strings.txt: `label` as the value of L_UserName_Text among texts that real files have around it. */
export function stringsContent(
  label: string,
  { encoding = 'utf-16le with BOM', lineEnd = '\r\n' }: { encoding?: TextEncoding; lineEnd?: string } = {},
): Buffer {
  const lines = [
    '; Logon form',
    '',
    'L_WindowTitle_Text="Log on"',
    'L_UserName_Text2="not this one"',
    `L_UserName_Text="${label}"`,
    'L_PublicDescription_Text="<a href="#" onclick="explain()">What is this?</a>"',
    'L_Password_Text="Password:"',
    '',
  ];
  return encodedAs(encoding, lines.join(lineEnd));
}
