/**
 * Calls into a library of the operating system: through node:ffi, which Node has from version 26 on, else through the
 * package koffi, which a user adds only for this.
 *
 * Pointers are Buffers or addresses (bigint). A Buffer lives as long as the call to which it is passed; memory that is
 * passed by its address has to be part of such a Buffer (memoryInParts), or of an object that lives longer.
 */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** The types of parameters that are used. */
export type NativeType = 'pointer' | 'uint32' | 'int32';
/** A number, an address, or the memory at one. */
export type NativeArgument = number | bigint | Buffer;

/** A function of the library; its result is an unsigned 32-bit number. */
export interface NativeFunction {
  (...args: readonly NativeArgument[]): number;
  /** The same call on another thread, so that a function that waits does not stop the event loop. */
  async(...args: readonly NativeArgument[]): Promise<number>;
}

/** A library of the system that is loaded. */
export interface NativeLibrary {
  /** Throws an Error if the library has no such function. */
  function(name: string, parameters: readonly NativeType[]): NativeFunction;
  /** The address of a buffer's first byte; the buffer has to come from `memory`. */
  addressOf(buffer: Buffer): bigint;
  bytesAt(address: bigint, length: number): Buffer;
}

/** The functions of a library that have these signatures, each looked up when it is first asked for. */
export function functionsOf<Name extends string>(
  library: NativeLibrary,
  signatures: Readonly<Record<Name, readonly NativeType[]>>,
  prefix = '',
): (name: Name) => NativeFunction {
  const known = new Map<Name, NativeFunction>();
  return (name) => {
    const found = known.get(name) ?? library.function(`${prefix}${name}`, signatures[name]);
    known.set(name, found);
    return found;
  };
}

/** Neither node:ffi nor koffi is there. */
export class NoCarrierError extends Error {
  override readonly name = 'NoCarrierError';
}

/** The system has no such library, or it cannot be loaded. */
export class LibraryNotLoadedError extends Error {
  override readonly name = 'LibraryNotLoadedError';
}

/**
 * Frees handles as soon as no call on another thread uses them: a call may outlive the deadline of its caller.
 */
export class SharedHandles {
  readonly #free: () => void;
  #users = 0;
  #isDisposed = false;

  constructor(free: () => void) {
    this.#free = free;
  }

  /** Keeps the handles during the call. */
  async during<T>(call: () => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await call();
    } finally {
      this.#users -= 1;
      if (this.#isDisposed && this.#users === 0) this.#free();
    }
  }

  /** Frees the handles now or after the last call; may be called twice. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    if (this.#users === 0) this.#free();
  }
}

/** Zeroed memory for a structure or an output: unlike that of Buffer.alloc it never moves and is never part of a pool. */
export function memory(bytes: number): Buffer {
  return Buffer.from(new ArrayBuffer(bytes));
}

/**
 * Zeroed memory in parts of these sizes in bytes. It lives as long as any part is referenced, so parts may point to
 * others.
 */
export function memoryInParts(...sizes: readonly number[]): Buffer[] {
  const aligned = sizes.map((size) => Math.ceil(size / 8) * 8);
  const whole = memory(aligned.reduce((sum, size) => sum + size, 0));
  let start = 0;
  return sizes.map((size, index) => {
    const part = whole.subarray(start, start + size);
    start += aligned[index] ?? 0;
    return part;
  });
}

/** Opens libraries: node:ffi or koffi. */
type Carrier = (path: string) => NativeLibrary;

/**
 * Opens a library by the name that the system's loader knows. Throws NoCarrierError and LibraryNotLoadedError.
 */
export async function openNativeLibrary(path: string): Promise<NativeLibrary> {
  const open = nodeCarrier() ?? (await koffiCarrier());
  endWithoutWaiting(open);
  try {
    return open(path);
  } catch (cause) {
    throw new LibraryNotLoadedError(cause instanceof Error ? cause.message : path, { cause });
  }
}

/** Whether this Node can call a library of the system at all. */
export async function hasCarrier(): Promise<boolean> {
  if (nodeCarrier() !== undefined) return true;
  try {
    await koffiCarrier();
    return true;
  } catch (error) {
    if (error instanceof NoCarrierError) return false;
    throw error;
  }
}

/** The arguments of the calls that run on other threads: kept here, so that their memory is not freed. */
const callsInProgress = new Set<readonly NativeArgument[]>();
let isEndPrepared = false;

async function inProgress<T>(args: readonly NativeArgument[], call: Promise<T>): Promise<T> {
  callsInProgress.add(args);
  try {
    return await call;
  } finally {
    callsInProgress.delete(args);
  }
}

/**
 * At its end Node waits for the threads that it started, and a call that waits for a silent Kerberos server takes half a
 * minute. If one is still in progress at the end, the process ends by the system's own function.
 */
function endWithoutWaiting(open: Carrier): void {
  if (isEndPrepared) return;
  isEndPrepared = true;
  const [library, name] = process.platform === 'win32' ? ['kernel32.dll', 'ExitProcess'] : ['libc.so.6', '_exit'];
  process.once('exit', (status) => {
    if (callsInProgress.size > 0) open(library).function(name, ['int32'])(status);
  });
}

/** The part of node:ffi (Node 26) that is used; the types of Node 20 do not have it. */
interface NodeFfi {
  readonly DynamicLibrary: new (
    path: string,
  ) => {
    getFunction(
      name: string,
      signature: { readonly arguments: readonly NativeType[]; readonly return: NativeType },
    ): (...args: readonly NativeArgument[]) => number;
  };
  getRawPointer(buffer: Buffer): bigint;
  toBuffer(address: bigint, length: number, copy: boolean): Buffer;
}

function isNodeFfi(module: object | undefined): module is NodeFfi {
  return module !== undefined && 'DynamicLibrary' in module && 'getRawPointer' in module;
}

function nodeCarrier(): Carrier | undefined {
  const ffi = withoutWarnings(() => process.getBuiltinModule('node:ffi'));
  return isNodeFfi(ffi) ? (path) => nodeLibrary(ffi, path) : undefined;
}

function nodeLibrary(ffi: NodeFfi, path: string): NativeLibrary {
  const library = new ffi.DynamicLibrary(path);
  const workers = Workers.of(path);
  return {
    function: (name, parameters) => {
      const call = library.getFunction(name, { arguments: parameters, return: 'uint32' });
      const onWorker = async (...args: readonly NativeArgument[]): Promise<number> => {
        const addresses = args.map((arg) => (typeof arg === 'object' ? ffi.getRawPointer(arg) : arg));
        return await inProgress(args, workers.run({ name, parameters, args: addresses }));
      };
      return Object.assign((...args: readonly NativeArgument[]) => call(...args), { async: onWorker });
    },
    addressOf: (buffer) => ffi.getRawPointer(buffer),
    bytesAt: (address, length) => (length === 0 ? Buffer.alloc(0) : Buffer.from(ffi.toBuffer(address, length, true))),
  };
}

/** node:ffi is experimental and says so on stderr, about which the user can do nothing. */
function withoutWarnings<T>(load: () => T): T {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

interface WorkerCall {
  readonly name: string;
  readonly parameters: readonly NativeType[];
  readonly args: readonly (number | bigint)[];
}

/** Runs in the worker: the library is the same in the whole process, so that addresses and handles are valid here too. */
const workerCode = `
  process.emitWarning = () => {};
  const { parentPort, workerData } = require('node:worker_threads');
  const { DynamicLibrary } = require('node:ffi');
  const library = new DynamicLibrary(workerData);
  parentPort.on('message', ({ name, parameters, args }) => {
    const call = library.getFunction(name, { arguments: parameters, return: 'uint32' });
    parentPort.postMessage(call(...args));
  });`;

/** A worker takes 8 MB and some time to start, and the domain controllers of a forest are asked all at once. */
const mostWorkers = 4;

/** The workers of a library: started when all others are busy, used again, and not keeping the process alive. */
class Workers {
  static readonly #ofLibraries = new Map<string, Workers>();
  readonly #path: string;
  #started = 0;
  readonly #idle: Worker[] = [];
  readonly #waiting: ((worker: Worker) => void)[] = [];

  private constructor(path: string) {
    this.#path = path;
  }

  static of(path: string): Workers {
    const workers = Workers.#ofLibraries.get(path) ?? new Workers(path);
    Workers.#ofLibraries.set(path, workers);
    return workers;
  }

  async run(call: WorkerCall): Promise<number> {
    const worker = await this.#take();
    try {
      const answer = once(worker, 'message');
      worker.postMessage(call);
      const [result] = await answer;
      this.#giveBack(worker);
      return Number(result);
    } catch (error) {
      // It has ended, and others may wait for it.
      this.#giveBack(this.#start());
      throw error;
    }
  }

  async #take(): Promise<Worker> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#started === mostWorkers) return await new Promise((resolve) => this.#waiting.push(resolve));
    this.#started += 1;
    return this.#start();
  }

  #giveBack(worker: Worker): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(worker);
    else next(worker);
  }

  #start(): Worker {
    const worker = new Worker(workerCode, { eval: true, workerData: this.#path });
    worker.unref();
    return worker;
  }
}

type Koffi = typeof import('koffi')['default'];

async function koffiCarrier(): Promise<Carrier> {
  const { default: koffi } = await import('koffi').catch((cause: unknown) => {
    throw new NoCarrierError('neither node:ffi nor the package koffi', { cause });
  });
  return (path) => koffiLibrary(koffi, path);
}

function koffiLibrary(koffi: Koffi, path: string): NativeLibrary {
  const library = koffi.load(path);
  const typeNames: Readonly<Record<NativeType, string>> = { pointer: 'void *', uint32: 'uint32', int32: 'int32' };
  return {
    function: (name, parameters) => {
      const call = library.func(
        name,
        'uint32',
        parameters.map((type) => typeNames[type]),
      );
      const onThread = (...args: readonly NativeArgument[]): Promise<number> =>
        inProgress(
          args,
          new Promise((resolve, reject) => {
            call.async(...args, (error: unknown, result: number) => (error === null ? resolve(result) : reject(error)));
          }),
        );
      return Object.assign((...args: readonly NativeArgument[]): number => call(...args), { async: onThread });
    },
    addressOf: (buffer) => koffi.address(buffer),
    bytesAt: (address, length) => (length === 0 ? Buffer.alloc(0) : Buffer.from(koffi.view(address, length).slice(0))),
  };
}
