/** Kinds of attributes for comparing and restoring an entry; names in any letter case. */

/** Written by the system, or different from DC to DC: a difference is no sign of an edit. */
const volatile = new Set([
  'badpasswordtime',
  'badpwdcount',
  'dscorepropagationdata',
  'lastlogoff',
  'lastlogon',
  'logoncount',
  'replpropertymetadata',
  'repluptodatevector',
  'usnchanged',
  'usncreated',
  'whenchanged',
]);

/** Back links whose name does not end in BL. */
const otherBackLinks = new Set([
  'directreports',
  'isprivilegeholder',
  'managedobjects',
  'masteredby',
  'memberof',
  'msds-isdomainfor',
  'msds-isfullreplicafor',
  'msds-ispartialreplicafor',
  'msds-masteredby',
  'sitelinklist',
]);

/**
 * The identity of an entry and what AD itself keeps: no client can write these, or they come with the entry.
 * objectCategory comes with the class; Samba refuses it in an undelete.
 */
const identity = new Set([
  'distinguishedname',
  'instancetype',
  'isdeleted',
  'isrecycled',
  'lastknownparent',
  'msds-lastknownrdn',
  'name',
  'objectcategory',
  'objectguid',
  'objectsid',
  'parentguid',
  'subschemasubentry',
  'whencreated',
]);

/** Data that the system maintains for an account (MS-SAMR 3.1.1.8, MS-ADTS 3.1.1.5.3): no client writes it. */
const stateOfAccount = new Set([
  'iscriticalsystemobject',
  'lastlogontimestamp',
  'lockouttime',
  'msds-revealeddsas',
  'msds-revealedlist',
  'msds-revealedusers',
  'pwdlastset',
  'ridsetreferences',
  'samaccounttype',
]);

/** Whether the attribute is the other end of a link, which AD computes from the forward link. */
export function isBackLink(name: string): boolean {
  const key = name.toLowerCase();
  return key.endsWith('bl') || otherBackLinks.has(key);
}

/** Whether a different value of the attribute is no sign of an edit of the entry. */
export function isVolatile(name: string): boolean {
  const key = name.toLowerCase();
  return volatile.has(key) || isBackLink(key) || isConstructed(key);
}

/** Attributes that are computed when they are read (MS-ADTS 3.1.1.4.5), as far as a search for `*` may bring them. */
function isConstructed(key: string): boolean {
  return key.startsWith('allowed') || key === 'sdrightseffective' || key === 'structuralobjectclass';
}

/**
 * Whether an undelete (or, for `add`, a re-creation) has to write the attribute. systemFlags stay with a tombstone and
 * only a new entry may be given any (MS-ADTS 3.1.1.5.2.2 and 3.1.1.5.3.1.1).
 *
 * @param rdnType the attribute type of the entry's RDN: its value comes with the DN
 */
export function isRestorable(name: string, by: 'undelete' | 'add', rdnType: string): boolean {
  const key = name.toLowerCase();
  if (isVolatile(key) || identity.has(key) || stateOfAccount.has(key) || key === rdnType.toLowerCase()) return false;
  return by === 'add' || (key !== 'objectclass' && key !== 'systemflags');
}

/**
 * By these an account is, or may act as, another one, belongs to a group or is administered; is logged on to in another
 * way; or runs what they name at its next logon. By a DNS record a host is taken for another one.
 */
const accountRights = new Set([
  'altsecurityidentities',
  'dnsrecord',
  'gplink',
  'homedirectory',
  'managedby',
  'member',
  'msds-allowedtodelegateto',
  'msds-assignedauthnpolicy',
  'msds-assignedauthnpolicysilo',
  'msds-authnpolicysilomembers',
  'msds-hostserviceaccount',
  'msds-keycredentiallink',
  'msds-membersforazrole',
  'msds-neverrevealgroup',
  'msds-psoappliesto',
  'msds-revealondemandgroup',
  'msexchdelegatelistlink',
  'msexchmasteraccountsid',
  'mstsinitialprogram',
  'primarygroupid',
  'profilepath',
  'publicdelegates',
  'scriptpath',
  'serviceprincipalname',
  'sidhistory',
  'unixuserpassword',
  'useraccountcontrol',
  'userparameters',
  'userpassword',
]);

/** Whether the values give an account rights, in addition to security descriptors. */
export function givesRights(name: string): boolean {
  return accountRights.has(name.toLowerCase());
}

/** Attributes of the syntax String(NT-Sec-Desc) (MS-ADA1 to MS-ADA3, the published schema of Exchange). */
const securityDescriptors = new Set([
  'frsrootsecurity',
  'msdfs-linksecuritydescriptorv2',
  'msds-allowedtoactonbehalfofotheridentity',
  'msds-computerallowedtoauthenticateto',
  'msds-groupmsamembership',
  'msds-serviceallowedtoauthenticatefrom',
  'msds-serviceallowedtoauthenticateto',
  'msds-userallowedtoauthenticatefrom',
  'msds-userallowedtoauthenticateto',
  'msexchmailboxsecuritydescriptor',
  'msexchsubmitrelaysd',
  'pkienrollmentaccess',
]);

/** Whether the attribute is known to hold security descriptors, of the entry itself or of what it represents. */
export function holdsDescriptors(name: string): boolean {
  return isSecurityDescriptor(name) || securityDescriptors.has(name.toLowerCase());
}

/** Whether it is the descriptor of the entry itself, which the directory completes from its parent. */
export function isSecurityDescriptor(name: string): boolean {
  return name.toLowerCase() === 'ntsecuritydescriptor';
}

/**
 * Attributes that name a server or a database and hold one value only, as MS-ADSC, MS-ADA1 to MS-ADA3 and the published
 * schema of Exchange have them: where one of them holds another value, none can be added.
 */
const singleValued = new Set([
  'homemdb',
  'homemta',
  'legacyexchangedn',
  'msexchaddresslistservicelink',
  'msexchdefaultpublicmdb',
  'msexchexpansionservername',
  'msexchhomepublicmdb',
  'msexchhomeservername',
  'msexchhostserverlink',
  'msexchmasterserveroravailabilitygroup',
  'msexchmdbavailabilitygrouplink',
  'msexchowningserver',
  'msexchroutingmasterdn',
  'offlineabserver',
  'sitefolderserver',
]);

/** Whether the attribute is known to hold one value only. */
export function isSingleValued(name: string): boolean {
  return singleValued.has(name.toLowerCase());
}
