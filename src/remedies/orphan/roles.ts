/** msExchCurrentServerRoles in words, and what a role's bit implies. */

const roleNames: readonly (readonly [bit: number, name: string])[] = [
  [2, 'Mailbox'],
  [4, 'Client Access'],
  [32, 'Hub Transport'],
  [16, 'Unified Messaging'],
  [64, 'Edge Transport'],
  [1, 'Client Access front end'],
  [16_384, 'Front End Transport'],
  [4096, 'provisioned'],
  [8192, 'language packs'],
];

export const roleBit = {
  cafe: 1,
  mailbox: 2,
  clientAccess: 4,
  unifiedMessaging: 16,
  hubTransport: 32,
  edge: 64,
  provisioned: 4096,
  frontEndTransport: 16_384,
} as const;

/** The bits that make setup take a machine for one with Exchange on it. */
const installedRoles =
  roleBit.cafe |
  roleBit.mailbox |
  roleBit.clientAccess |
  roleBit.unifiedMessaging |
  roleBit.hubTransport |
  roleBit.edge |
  roleBit.frontEndTransport;

/** "Mailbox, Client Access"; Exchange 2003 and before have no such attribute. */
export function rolesInWords(roles: number | undefined): string {
  if (roles === undefined) return 'none given (Exchange 2003 or older)';
  const names = roleNames.filter(([bit]) => (roles & bit) !== 0).map(([, name]) => name);
  const known = roleNames.reduce((sum, [bit]) => sum | bit, 0);
  const unknown = roles & ~known;
  const words = [...names, ...(unknown === 0 ? [] : [`unknown bits ${unknown}`])];
  return words.length === 0 ? 'none' : words.join(', ');
}

export function hasRole(roles: number | undefined, bit: number): boolean {
  return roles !== undefined && (roles & bit) !== 0;
}

/**
 * Whether an object with these roles makes setup say "The Exchange Server is in an inconsistent state. Only disaster
 * recovery mode is available": it does when a role is installed, and not for one that is only provisioned.
 */
export function raisesInconsistentState(roles: number | undefined): boolean {
  return roles !== undefined && (roles & installedRoles) !== 0;
}

/** Made by `Setup /NewProvisionedServer`, and nothing installed since. */
export function isOnlyProvisioned(roles: number | undefined): boolean {
  return roles === roleBit.provisioned;
}
