/** Requests from bytes (RFC 4511 section 4). */

import type { WriteRequest } from '../../../src/embedded/write.ts';
import { bitAnd, type Control, type Filter, type SearchScope } from '../../../src/ldap/session.ts';
import { BerError, decode, type Element, elementsOf, readBoolean, readInteger, tags } from './ber.ts';
import type { BindRequest, Request, RequestMessage, SearchRequest } from './protocol.ts';

/** Reads one whole message. Throws BerError if it is none. */
export function decodeRequest(bytes: Buffer): RequestMessage {
  const [id, operation, controls] = childrenOf(decode(bytes), 2);
  return {
    id: readInteger(id),
    request: decodeOperation(operation),
    controls: controls === undefined ? [] : elementsOf(controls.content).map(decodeControl),
  };
}

const requestTags = {
  bind: 0x60,
  unbind: 0x42,
  search: 0x63,
  modify: 0x66,
  add: 0x68,
  delete: 0x4a,
  rename: 0x6c,
  compare: 0x6e,
  abandon: 0x50,
  extended: 0x77,
} as const;

function decodeOperation(element: Element): Request {
  switch (element.tag) {
    case requestTags.bind:
      return decodeBind(element);
    case requestTags.unbind:
      return { kind: 'unbind' };
    case requestTags.abandon:
      return { kind: 'abandon' };
    case requestTags.search:
      return decodeSearch(element);
    case requestTags.modify:
      return decodeModify(element);
    case requestTags.add: {
      const [dn, attributes] = childrenOf(element, 2);
      return { kind: 'add', dn: text(dn), attributes: elementsOf(attributes.content).map(decodeAttribute) };
    }
    case requestTags.delete:
      return { kind: 'delete', dn: text(element) };
    case requestTags.rename: {
      const [dn, newRdn, deleteOldRdn, newSuperior] = childrenOf(element, 3);
      return {
        kind: 'rename',
        dn: text(dn),
        newRdn: text(newRdn),
        deleteOldRdn: readBoolean(deleteOldRdn),
        ...(newSuperior === undefined ? {} : { newSuperior: text(newSuperior) }),
      };
    }
    case requestTags.compare: {
      const [dn, assertion] = childrenOf(element, 2);
      return { kind: 'compare', dn: text(dn), ...decodeAssertion(assertion) };
    }
    case requestTags.extended:
      return { kind: 'extended', oid: text(childrenOf(element, 1)[0]) };
    default:
      throw new BerError(`unknown operation 0x${element.tag.toString(16)}`);
  }
}

function decodeBind(element: Element): BindRequest {
  const [version, name, authentication] = childrenOf(element, 3);
  const simple = 0x80;
  return {
    kind: 'bind',
    version: readInteger(version),
    name: text(name),
    authentication:
      authentication.tag === simple
        ? { kind: 'simple', password: text(authentication) }
        : { kind: 'sasl', mechanism: text(childrenOf(authentication, 1)[0]) },
  };
}

const scopes: readonly SearchScope[] = ['base', 'one', 'subtree'];

function decodeSearch(element: Element): SearchRequest {
  // The third and the fifth part are the treatment of aliases, which AD does not have, and the time limit.
  const [base, scope, , sizeLimit, , typesOnly, filter, attributes] = childrenOf(element, 8);
  const scopeName = scopes[readInteger(scope)];
  if (scopeName === undefined) throw new BerError('unknown search scope');
  return {
    kind: 'search',
    base: text(base),
    scope: scopeName,
    sizeLimit: readInteger(sizeLimit),
    typesOnly: readBoolean(typesOnly),
    filter: decodeFilter(filter),
    attributes: elementsOf(attributes.content).map(text),
  };
}

const changeOperations = ['add', 'delete', 'replace'] as const;

function decodeModify(element: Element): WriteRequest {
  const [dn, changes] = childrenOf(element, 2);
  return {
    kind: 'modify',
    dn: text(dn),
    changes: elementsOf(changes.content).map((change) => {
      const [operation, attribute] = childrenOf(change, 2);
      const operationName = changeOperations[readInteger(operation)];
      if (operationName === undefined) throw new BerError('unknown kind of modification');
      const { name, values } = decodeAttribute(attribute);
      return { operation: operationName, attribute: name, values };
    }),
  };
}

function decodeAttribute(element: Element): { name: string; values: Buffer[] } {
  const [name, values] = childrenOf(element, 2);
  return { name: text(name), values: elementsOf(values.content).map(({ content }) => content) };
}

function decodeAssertion(element: Element): { attribute: string; value: Buffer } {
  const [attribute, value] = childrenOf(element, 2);
  return { attribute: text(attribute), value: value.content };
}

/** Filters nested deeper than this are refused, so that none can overflow the stack. */
const deepestFilter = 200;

function decodeFilter(element: Element, depth = 0): Filter {
  if (depth > deepestFilter) throw new BerError('filter nested too deeply');
  const parts = () => elementsOf(element.content).map((part) => decodeFilter(part, depth + 1));
  switch (element.tag) {
    case 0xa0:
      return { kind: 'and', filters: parts() };
    case 0xa1:
      return { kind: 'or', filters: parts() };
    case 0xa2: {
      const [filter] = parts();
      if (filter === undefined) throw new BerError('expected a filter to negate');
      return { kind: 'not', filter };
    }
    case 0xa3:
      return { kind: 'equal', ...decodeAssertion(element) };
    case 0xa5:
      return { kind: 'greaterOrEqual', ...decodeAssertion(element) };
    case 0x87:
      return { kind: 'present', attribute: text(element) };
    case 0xa9:
      return decodeExtensible(element);
    default:
      throw new BerError(`unknown filter 0x${element.tag.toString(16)}`);
  }
}

/** Of the matching rules the one that the product asks for. */
function decodeExtensible(element: Element): Filter {
  const parts = new Map(elementsOf(element.content).map((part) => [part.tag, part]));
  const [rule, attribute, value] = [0x81, 0x82, 0x83].map((tag) => parts.get(tag));
  if (attribute === undefined || value === undefined || rule === undefined || text(rule) !== bitAnd) {
    throw new BerError('an extensible filter of another kind than attribute:BIT_AND:=value');
  }
  return { kind: 'allBits', attribute: text(attribute), bits: text(value) };
}

function decodeControl(element: Element): Control {
  const [oid] = childrenOf(element, 1);
  const rest = elementsOf(element.content).slice(1);
  const critical = rest.find(({ tag }) => tag === tags.boolean);
  const value = rest.find(({ tag }) => tag === tags.octetString);
  return {
    oid: text(oid),
    critical: critical !== undefined && readBoolean(critical),
    ...(value === undefined ? {} : { value: value.content }),
  };
}

/** The value of the paged results control (RFC 2696): the size asked for, and the cookie. Throws BerError. */
export function decodePagedResults(value: Buffer): { size: number; cookie: Buffer } {
  const [size, cookie] = childrenOf(decode(value), 2);
  return { size: readInteger(size), cookie: cookie.content };
}

/** The flags in the value of the SD flags control (MS-ADTS 3.1.1.3.4.1.11). Throws BerError. */
export function decodeSdFlags(value: Buffer): number {
  return readInteger(childrenOf(decode(value), 1)[0]);
}

type Several = { 1: [Element]; 2: [Element, Element]; 3: [Element, Element, Element] } & {
  8: [Element, Element, Element, Element, Element, Element, Element, Element];
};

/** The parts of a constructed element, of which so many must be there. Throws BerError. */
function childrenOf<N extends keyof Several>(
  element: Element,
  atLeast: N,
): [...Several[N], ...(Element | undefined)[]] {
  const children = elementsOf(element.content);
  if (children.length < atLeast) throw new BerError(`expected ${atLeast} elements, found ${children.length}`);
  // The length was checked just now; TypeScript cannot count.
  return children as unknown as [...Several[N], ...Element[]];
}

function text({ content }: Element): string {
  return content.toString('utf8');
}
