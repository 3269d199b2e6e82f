import { type FileSystem, type OpenFile, systemFiles } from '../../src/files/file-system.ts';

export interface Fault {
  /** Which call it happens to, counted from 1 over all functions and all methods of handles. */
  readonly call: number;
  readonly errno: string;
  /** A network share can lose the answer to what it has carried out. */
  readonly when: 'instead' | 'after';
}

export interface FaultyFileSystem extends FileSystem {
  /** The names of the calls so far, in order: "open", "handle.write" … */
  readonly calls: readonly string[];
}

/** An error as the system gives it. */
export function systemError(errno: string): Error {
  return Object.assign(new Error(`${errno}: a fault of the test`), { code: errno });
}

/**
 * The real file system, in which `before` is asked before each call and may throw in its place; what it gives, if
 * anything, is called with the result. A handle is closed even if that fails, as the system does.
 */
export function watchedFileSystem(
  before: (name: string, args: readonly unknown[]) => undefined | ((result: unknown) => Promise<unknown>),
  real: FileSystem = systemFiles(),
): FaultyFileSystem {
  const calls: string[] = [];
  const watched =
    <Args extends readonly unknown[], Result>(name: string, work: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      calls.push(name);
      let after: ReturnType<typeof before>;
      try {
        after = before(name, args);
      } catch (error) {
        if (name === 'handle.close') await work(...args);
        throw error;
      }
      const result = await work(...args);
      return (after === undefined ? result : await after(result)) as Result;
    };
  const watchedHandle = (handle: OpenFile): OpenFile =>
    new Proxy(handle, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return watched(`handle.${String(name)}`, async (...args: readonly unknown[]) => member.apply(target, args));
      },
    });
  return {
    calls,
    open: watched('open', async (file: string, flags: string, mode?: number) =>
      watchedHandle(await real.open(file, flags, mode)),
    ),
    ...(real.link === undefined ? {} : { link: watched('link', real.link) }),
    ...(real.copy === undefined ? {} : { copy: watched('copy', real.copy) }),
    access: watched('access', real.access),
    holds: watched('holds', real.holds),
    lstat: watched('lstat', real.lstat),
    readFile: watched('readFile', real.readFile),
    realpath: watched('realpath', real.realpath),
    rename: watched('rename', real.rename),
    unlink: watched('unlink', real.unlink),
  };
}

const isHandle = (result: unknown): result is OpenFile =>
  typeof result === 'object' && result !== null && 'close' in result;

/** The real file system with one fault in it. */
export function faultyFileSystem(fault: Fault, real?: FileSystem): FaultyFileSystem {
  let count = 0;
  return watchedFileSystem(() => {
    count += 1;
    if (count !== fault.call) return undefined;
    if (fault.when === 'instead') throw systemError(fault.errno);
    return async (result) => {
      // Nobody gets the handle to see, so nobody else would close it.
      if (isHandle(result)) await result.close();
      throw systemError(fault.errno);
    };
  }, real);
}

/** The real file system whose calls of one name fail in turn with these errors; undefined is a call that succeeds. */
export function failingFileSystem(failing: string, errnos: readonly (string | undefined)[]): FaultyFileSystem {
  const left = [...errnos];
  return watchedFileSystem((name) => {
    const errno = name === failing ? left.shift() : undefined;
    if (errno !== undefined) throw systemError(errno);
    return undefined;
  });
}
