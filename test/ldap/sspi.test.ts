import { describe, expect, test } from 'vitest';
import { memory, type NativeArgument, type NativeLibrary } from '../../src/ldap/logon/native-library.ts';
import { explainLogonError, SecurityContextError } from '../../src/ldap/logon/security-context.ts';
import { Sspi } from '../../src/ldap/logon/sspi.ts';

type Call = (...args: readonly NativeArgument[]) => number;

/** A library in place of secur32.dll: its functions see the memory of the caller by address, as those of Windows do. */
class FalseLibrary implements NativeLibrary {
  readonly #calls: Readonly<Record<string, Call>>;
  readonly #starts = new Map<ArrayBufferLike, bigint>();
  #end = 0x1000n;

  constructor(calls: Readonly<Record<string, Call>>) {
    this.#calls = calls;
  }

  function(name: string) {
    const call = this.#calls[name];
    if (call === undefined) throw new Error(`${name} is not expected`);
    return Object.assign(call, { async: async (...args: readonly NativeArgument[]) => call(...args) });
  }

  addressOf(buffer: Buffer): bigint {
    const start = this.#starts.get(buffer.buffer) ?? this.#end;
    this.#starts.set(buffer.buffer, start);
    this.#end += start === this.#end ? BigInt(buffer.buffer.byteLength) + 0x1000n : 0n;
    return start + BigInt(buffer.byteOffset);
  }

  bytesAt(address: bigint, length: number): Buffer {
    return Buffer.from(this.memoryAt(address, length));
  }

  memoryAt(address: bigint, length: number): Buffer {
    for (const [buffer, start] of this.#starts) {
      const offset = Number(address - start);
      if (offset >= 0 && offset + length <= buffer.byteLength) return Buffer.from(buffer, offset, length);
    }
    if (length === 0) return Buffer.alloc(0);
    throw new Error('no memory there');
  }

  /** The SecBuffers of a SecBufferDesc (sspi.h, 64 bits): the table of each, its kind and its memory. */
  buffersOf(descriptor: NativeArgument | undefined) {
    if (!Buffer.isBuffer(descriptor)) throw new Error('no descriptor');
    return Array.from({ length: descriptor.readUInt32LE(4) }, (_, index) => {
      const row = this.memoryAt(descriptor.readBigUInt64LE(8) + BigInt(16 * index), 16);
      const [size, kind, address] = [row.readUInt32LE(0), row.readUInt32LE(4), row.readBigUInt64LE(8)];
      return { row, kind, content: this.memoryAt(address, size) };
    });
  }
}

const context = memory(16);
const ok = 0;

describe('a message by SSPI', () => {
  test('is wrapped in TOKEN, DATA and PADDING, of which it takes as many bytes as the library says', () => {
    const kinds: unknown[] = [];
    const library: FalseLibrary = new FalseLibrary({
      EncryptMessage: (_context, quality, descriptor) => {
        const [token, data, padding] = library.buffersOf(descriptor);
        kinds.push(quality, token?.kind, data?.kind, padding?.kind);
        token?.content.write('TOK');
        token?.row.writeUInt32LE(3);
        data?.content.write('SECRET');
        padding?.content.write('P');
        padding?.row.writeUInt32LE(1);
        return ok;
      },
    });
    const wrapped = new Sspi(library).encrypt(context, { trailer: 60, block: 16 }, Buffer.from('tomb=1'), true);

    expect(wrapped.toString()).toBe('TOKSECRETP');
    expect(kinds).toEqual([0, 2, 1, 9]);
  });

  test('is unwrapped by STREAM and DATA, where the library puts it within the stream', () => {
    const kinds: unknown[] = [];
    const library: FalseLibrary = new FalseLibrary({
      DecryptMessage: (_context, descriptor, _number, quality) => {
        const [stream, data] = library.buffersOf(descriptor);
        kinds.push(stream?.kind, data?.kind);
        if (stream === undefined || data === undefined || !Buffer.isBuffer(quality)) throw new Error('no buffers');
        data.row.writeUInt32LE(5);
        data.row.writeBigUInt64LE(library.addressOf(stream.content) + 3n, 8);
        quality.writeUInt32LE(0);
        return ok;
      },
    });
    const { message, sealed } = new Sspi(library).decrypt(context, Buffer.from('TOKclearPAD'));

    expect([message.toString(), sealed, kinds]).toEqual(['clear', true, [10, 1]]);
  });

  test('that was only signed (quality 0x80000001) does not count as sealed', () => {
    const library = new FalseLibrary({
      DecryptMessage: (_context, _descriptor, _number, quality) => {
        if (Buffer.isBuffer(quality)) quality.writeUInt32LE(0x8000_0001);
        return ok;
      },
    });
    expect(new Sspi(library).decrypt(context, Buffer.from('token')).sealed).toBe(false);
  });
});

test('a user and password reach SSPI in its own memory, without NTLM, and are wiped from it', async () => {
  const seen: string[] = [];
  let identity: Buffer | undefined;
  const library: FalseLibrary = new FalseLibrary({
    AcquireCredentialsHandleW: (_principal, packageName, _use, _id, given) => {
      if (!Buffer.isBuffer(given) || !Buffer.isBuffer(packageName)) throw new Error('no identity');
      identity = given;
      const textAt = (offset: number): string =>
        library.bytesAt(given.readBigUInt64LE(offset), 2 * given.readUInt32LE(offset + 8)).toString('utf16le');
      seen.push(packageName.toString('utf16le').replace('\0', ''), ...[8, 24, 40, 56].map(textAt));
      return ok;
    },
  });
  const who = { name: 'jane', domain: 'CORP', password: 'S3cret', packages: '!ntlm' };
  await new Sspi(library).acquireCredentials(who, memory(16));

  expect(seen).toEqual(['Negotiate', 'jane', 'CORP', 'S3cret', '!ntlm']);
  expect(Buffer.from(identity?.buffer ?? new ArrayBuffer(1)).every((byte) => byte === 0)).toBe(true);
});

describe('an error of SSPI names what happened and the next step', () => {
  test.each([
    ['8009030E', 'no Kerberos ticket on this computer', 'runas /netonly /user:CORP\\admin cmd'],
    ['80090317', 'the Kerberos ticket has expired', 'Lock and unlock'],
    ['80090303', 'Kerberos does not know the service ldap/dc1.example.com', '--tls-name'],
    ['80090322', 'Kerberos does not know the service ldap/dc1.example.com', '--tls-name'],
    ['80090324', 'the clocks of this computer and of the domain controller differ too much', 'w32tm /resync'],
    ['80090311', 'no Kerberos server (KDC) answers', 'port 88'],
    ['8009030C', 'wrong user name or password', 'password'],
  ])('0x%s', async (code, cameBack, next) => {
    const library = new FalseLibrary({ AcquireCredentialsHandleW: () => Number.parseInt(code, 16) });
    const who = { name: '', domain: '', password: '', packages: '!ntlm' };
    const error = await new Sspi(library).acquireCredentials(who, memory(16)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SecurityContextError);
    const place = { serverName: 'dc1.example.com', hasPassword: false, platform: 'win32' } as const;
    const explanation = explainLogonError(error, place);

    expect(explanation?.cameBack).toContain(cameBack);
    expect(explanation?.cameBack).toContain(`0x${code}`);
    expect(explanation?.next).toContain(next);
  });
});
