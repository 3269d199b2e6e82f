/** The server that a name or a DN means. */

import { rdnOf, sameDn } from '../../ad/dn.ts';
import { UsageError } from '../../errors.ts';
import type { Survey, SurveyedServer } from './survey.ts';

/** There is no server of the name or DN that was given. */
export class NoSuchServerError extends UsageError {}

/**
 * The server that was named.
 * @throws NoSuchServerError if there is none of that name; UsageError if there is more than one
 */
export function findServer(
  { servers, forest }: Survey,
  wanted: { readonly kind: 'name'; readonly name: string } | { readonly kind: 'dn'; readonly dn: string },
  nearest: (given: string, names: readonly string[]) => string | undefined,
): SurveyedServer {
  const found = servers.filter(({ server }) =>
    wanted.kind === 'dn'
      ? sameDn(server.dn, wanted.dn)
      : [server.name.toLowerCase(), server.fqdn].includes(wanted.name.toLowerCase()),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const on = wanted.kind === 'dn' ? wanted.dn : wanted.name;
  if (only === undefined) {
    const near =
      wanted.kind === 'dn'
        ? namesakes(servers, wanted.dn)
        : nearestNames(
            shortName(on),
            servers.map(({ server }) => server.name),
            nearest,
          );
    const names = servers.map(({ server }) => server.name);
    throw new NoSuchServerError({
      attempted: 'find the Exchange server object',
      on,
      cameBack: `there is none of that name below CN=Services,${forest.configurationNamingContext}`,
      next: near.length === 0 ? `There are: ${listed(names)}.` : `Did you mean ${near.join(' or ')}?`,
    });
  }
  throw new UsageError({
    attempted: 'choose the Exchange server object',
    on,
    cameBack: `${found.length} objects have that name`,
    next: `Name one by its DN with --dn: ${found.map(({ server }) => `"${server.dn}"`).join(' or ')}.`,
  });
}

/** The DNs of servers whose own name the DN has. */
function namesakes(servers: readonly SurveyedServer[], dn: string): readonly string[] {
  const { value } = rdnOf(dn);
  return servers
    .filter(({ server }) => server.name.toLowerCase() === value.toLowerCase())
    .map(({ server }) => `"${server.dn}"`);
}

/** The short name in what may be an FQDN, \\SERVER, DOMAIN\SERVER or the account's SERVER$. */
function shortName(given: string): string {
  const [name = ''] = given.replace(/^.*\\/, '').split('.');
  return name.replace(/\$$/, '');
}

/** Up to three names that a typing error may have meant, as they are written. */
function nearestNames(
  given: string,
  names: readonly string[],
  nearest: (given: string, names: readonly string[]) => string | undefined,
): readonly string[] {
  const left = new Map(names.map((name) => [name.toLowerCase(), name]));
  const near: string[] = [];
  while (near.length < 3) {
    const key = nearest(given, [...left.keys()]);
    const name = key === undefined ? undefined : left.get(key);
    if (key === undefined || name === undefined) break;
    near.push(name);
    left.delete(key);
  }
  return near;
}

function listed(names: readonly string[]): string {
  const most = 12;
  return names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}
