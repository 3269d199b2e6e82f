/**
 * The peer of apply: replaces each listed file by a temporary one that is written, synced and renamed, and does nothing
 * else. Its arguments: a file that lists the paths, how many at a time, how many bytes to write.
 */

import { open, readFile, rename } from 'node:fs/promises';

const [list, parallel, length] = process.argv.slice(2);
const files = (await readFile(list, 'utf8')).trim().split('\n').values();
const content = Buffer.alloc(Number(length), 'a');

async function lane() {
  for (const file of files) {
    const temporary = `${file}.tmp`;
    const handle = await open(temporary, 'wx');
    await handle.write(content);
    await handle.sync();
    await handle.close();
    await rename(temporary, file);
  }
}

await Promise.all(Array.from({ length: Number(parallel) }, lane));
