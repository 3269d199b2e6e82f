/** Serves one DC on any stream: cuts the bytes into messages, has them answered, and stages the faults. */

import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Replica } from '../../../src/embedded/domain-controller.ts';
import { BerError, elementSize } from './ber.ts';
import { decodeRequest } from './decode-request.ts';
import { encodeNoticeOfDisconnection } from './encode-response.ts';
import type { Fault, FaultPlan } from './faults.ts';
import type { RequestMessage } from './protocol.ts';
import { WireClient, type WireClientOptions } from './wire-client.ts';
import { resultCode } from './wire-refusal.ts';

/** Longer requests end the connection (MaxReceiveBuffer, MS-ADTS 3.1.1.3.4.6). */
const longestRequest = 10 * 1024 * 1024;

/** Whether the connection goes on after a message. */
type Next = 'go on' | 'end';

/**
 * Serves the client until either side ends the connection. Resolves then; a client that breaks off is no error.
 * Requests that are on their way together take their time together; the answers keep the order of the requests.
 */
export async function serve(
  stream: Duplex,
  replica: Replica,
  faults: FaultPlan,
  options: WireClientOptions,
): Promise<void> {
  const client = new WireClient(replica, options);
  const server = { client, replica, faults, stream };
  let last: Promise<Next> = Promise.resolve('go on');
  try {
    for await (const message of messagesOf(stream)) {
      if (message.request.kind === 'unbind') break;
      const answering = handle(message, last, server);
      last = answering;
      // Ends the loop where no further request comes; the await below reports a failure.
      answering.then((next) => next === 'end' && hangUp(stream)).catch(() => hangUp(stream));
    }
    await last;
  } catch (error) {
    // All other errors are the stream's: the client is gone, so nothing can be reported to it.
    if (error instanceof BerError)
      await send(stream, encodeNoticeOfDisconnection(resultCode.protocolError, error.message));
  } finally {
    hangUp(stream);
  }
}

/** Destroyed alone, a stream within the process would not tell its other side. */
function hangUp(stream: Duplex): void {
  stream.end();
  stream.destroy();
}

/** Throws BerError on bytes that are no LDAP. */
async function* messagesOf(stream: Duplex): AsyncGenerator<RequestMessage> {
  let pending = Buffer.alloc(0);
  // Not destroyed at the end of the iteration: an answer may still have to go out.
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (let size = messageSize(pending); size <= pending.length; size = messageSize(pending)) {
      yield decodeRequest(pending.subarray(0, size));
      pending = pending.subarray(size);
    }
  }
}

/** In bytes; infinite while the header has not arrived. */
function messageSize(pending: Buffer): number {
  if (pending.length > 0 && pending[0] !== 0x30) throw new BerError('not an LDAP message');
  const size = elementSize(pending) ?? Number.POSITIVE_INFINITY;
  if (size !== Number.POSITIVE_INFINITY && size > longestRequest) throw new BerError('request too long');
  return size;
}

interface Server {
  readonly client: WireClient;
  readonly replica: Replica;
  readonly faults: FaultPlan;
  readonly stream: Duplex;
}

async function handle(
  { id, request, controls }: RequestMessage,
  before: Promise<Next>,
  { client, replica, faults, stream }: Server,
): Promise<Next> {
  if (request.kind === 'unbind' || request.kind === 'abandon') return before;
  const fault = faults.next(request.kind);
  const { reachable, delay } = replica.condition;
  const wait = delay + (fault?.kind === 'stall' ? fault.milliseconds : 0);
  const waited = wait > 0 ? sleep(wait) : undefined;
  if ((await before) === 'end') return 'end';
  if (reachable === 'silent' || fault?.kind === 'silence') return 'go on';
  await waited;
  if (fault?.kind === 'drop-before') return 'end';
  if (fault?.kind === 'notice') {
    await send(stream, encodeNoticeOfDisconnection(resultCode.unavailable, 'The server is shutting down.'));
    return 'end';
  }
  return await deliver(client.answer(id, request, controls, fault), fault, stream);
}

async function deliver(answer: readonly Buffer[], fault: Fault | undefined, stream: Duplex): Promise<Next> {
  if (fault?.kind === 'drop-after') return 'end';
  const bytes = Buffer.concat(answer);
  if (fault?.kind === 'drop-within') {
    await send(stream, bytes.subarray(0, Math.ceil(bytes.length / 2)));
    return 'end';
  }
  await send(stream, bytes);
  return 'go on';
}

/** Resolves when the bytes are on their way. Rejects if the client is gone. */
function send(stream: Duplex, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => (error == null ? resolve() : reject(error)));
  });
}
