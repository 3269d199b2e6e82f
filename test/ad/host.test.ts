import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { run } from './lab/command.ts';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import { joinHosts, openNamespace } from './lab/host.ts';

interface OpenHost {
  readonly address: string;
  readonly directory: string;
  readonly serverProcessId: number;
}

const running = (processId: number): boolean => existsSync(`/proc/${processId}`);
/** Whether the interface that joins the test to the host is there; other labs have theirs at the same time. */
const isJoinedTo = (address: string): boolean => {
  const here = address.replace(/\d+$/, (last) => String(Number(last) - 1));
  return Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === here));
};

describeWithSamba(
  'A host of the lab',
  () => {
    let compiled: string;

    beforeAll(async () => {
      compiled = await mkdtemp(join(tmpdir(), 'adsi-remedy-host-test-'));
      const repository = fileURLToPath(new URL('../..', import.meta.url));
      const module = ['--module', 'nodenext', '--target', 'es2023', '--rewriteRelativeImportExtensions'];
      await run(process.execPath, [
        join(repository, 'node_modules/typescript/bin/tsc'),
        ...['--ignoreConfig', '--types', 'node', '--typeRoots', join(repository, 'node_modules/@types')],
        ...[...module, '--outDir', compiled, fileURLToPath(new URL('lab/host.ts', import.meta.url))],
      ]);
      await writeFile(join(compiled, 'package.json'), '{"type":"module"}');
    });
    afterAll(() => rm(compiled, { recursive: true }));

    test.each([
      { open: 'openNamespace', hasInterface: true },
      { open: 'openLoopback', hasInterface: false },
    ])('is gone, server and all, when the process that did $open is killed', async ({ open, hasInterface }) => {
      const script = `
        import { ${open} } from './host.js';
        const host = await ${open}();
        const server = host.start('server', 'sleep', ['1000']);
        const { address, directory } = host;
        console.log(JSON.stringify({ address, directory, serverProcessId: server.pid }));`;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { cwd: compiled });
      const [line] = await once(createInterface(child.stdout), 'line');
      const host: OpenHost = JSON.parse(line);
      expect(existsSync(host.directory)).toBe(true);
      expect(running(host.serverProcessId)).toBe(true);
      expect(isJoinedTo(host.address)).toBe(hasInterface);

      child.kill('SIGKILL');

      const timeout = 5000;
      await vi.waitUntil(() => !existsSync(host.directory), { timeout });
      await vi.waitUntil(() => !running(host.serverProcessId), { timeout });
      await vi.waitUntil(() => !isJoinedTo(host.address), { timeout });
    });

    test('reaches a joined host until the link is cut, and again when it is healed', async () => {
      const hosts = [await openNamespace(), await openNamespace()] as const;
      try {
        const link = await joinHosts(hosts);
        const [first, second] = hosts;
        const listener = ['-e', "require('net').createServer((socket) => socket.end('here')).listen(1000)"];
        second.start('listener', process.execPath, listener);
        const ask = (): Promise<string> =>
          first.run(process.execPath, [
            '-e',
            `require('net').connect({ port: 1000, host: '${second.address}', timeout: 1000 })
              .on('data', (data) => { process.stdout.write(data); })
              .on('timeout', () => process.exit(2)).on('error', () => process.exit(1));`,
          ]);
        await expect.poll(() => ask().catch(() => ''), { timeout: 10_000 }).toBe('here');
        await link.cut();
        await expect(ask()).rejects.toThrow();
        await link.heal();
        expect(await ask()).toBe('here');
      } finally {
        await Promise.all(hosts.map((host) => host.close()));
      }
    });
  },
  { namespaces: true },
);
