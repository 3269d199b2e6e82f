/** Names of well-known SIDs, and of the GUIDs that access control entries hold. */

/** MS-DTYP 2.4.2.4. */
const sids: ReadonlyMap<string, string> = namesIn(`
  S-1-1-0 Everyone
  S-1-3-0 CREATOR OWNER
  S-1-3-1 CREATOR GROUP
  S-1-3-4 OWNER RIGHTS
  S-1-5-2 NETWORK
  S-1-5-4 INTERACTIVE
  S-1-5-7 ANONYMOUS LOGON
  S-1-5-9 ENTERPRISE DOMAIN CONTROLLERS
  S-1-5-10 SELF
  S-1-5-11 Authenticated Users
  S-1-5-15 This Organization
  S-1-5-18 SYSTEM
  S-1-5-19 LOCAL SERVICE
  S-1-5-20 NETWORK SERVICE
  S-1-5-32-544 BUILTIN\\Administrators
  S-1-5-32-545 BUILTIN\\Users
  S-1-5-32-546 BUILTIN\\Guests
  S-1-5-32-548 BUILTIN\\Account Operators
  S-1-5-32-549 BUILTIN\\Server Operators
  S-1-5-32-550 BUILTIN\\Print Operators
  S-1-5-32-551 BUILTIN\\Backup Operators
  S-1-5-32-552 BUILTIN\\Replicator
  S-1-5-32-554 BUILTIN\\Pre-Windows 2000 Compatible Access
  S-1-5-32-557 BUILTIN\\Incoming Forest Trust Builders
  S-1-5-32-560 BUILTIN\\Windows Authorization Access Group
  S-1-5-32-561 BUILTIN\\Terminal Server License Servers`);

/** The last number of a domain's SID, by which each domain has these (MS-DTYP 2.4.2.4). */
const relativeIds: ReadonlyMap<string, string> = namesIn(`
  498 Enterprise Read-only Domain Controllers
  500 Administrator
  501 Guest
  502 krbtgt
  512 Domain Admins
  513 Domain Users
  514 Domain Guests
  515 Domain Computers
  516 Domain Controllers
  517 Cert Publishers
  518 Schema Admins
  519 Enterprise Admins
  520 Group Policy Creator Owners
  521 Read-only Domain Controllers
  522 Cloneable Domain Controllers
  525 Protected Users
  526 Key Admins
  527 Enterprise Key Admins
  553 RAS and IAS Servers`);

/** Extended rights, validated writes and property sets (MS-ADTS 5.1.3.2.1 and 6.1.1.2.7), and attributes and classes of the schema. */
const guids: ReadonlyMap<string, string> = namesIn(`
  ab721a53-1e2f-11d0-9819-00aa0040529b Change Password
  00299570-246d-11d0-a768-00aa006e0529 Reset Password
  ab721a54-1e2f-11d0-9819-00aa0040529b Send As
  ab721a55-1e2f-11d0-9819-00aa0040529b Send To
  ab721a56-1e2f-11d0-9819-00aa0040529b Receive As
  a1990816-4298-11d1-ade2-00c04fd8d5cd Open Address Book
  ab721a52-1e2f-11d0-9819-00aa0040529b Domain Administer Server
  68b1d179-0d15-4d4f-ab71-46152e79a7bc Allowed to Authenticate
  edacfd8f-ffb3-11d1-b41d-00a0c968f939 Apply Group Policy
  0e10c968-78fb-11d2-90d4-00c04f79dc55 Certificate Enrollment
  9923a32a-3607-11d2-b9be-0000f87a36b2 Add or Remove Replica in Domain
  1131f6aa-9c07-11d1-f79f-00c04fc2dcd2 Replicating Directory Changes
  1131f6ad-9c07-11d1-f79f-00c04fc2dcd2 Replicating Directory Changes All
  89e95b76-444d-4c62-991a-0facbeda640c Replicating Directory Changes In Filtered Set
  1131f6ab-9c07-11d1-f79f-00c04fc2dcd2 Replication Synchronization
  1131f6ac-9c07-11d1-f79f-00c04fc2dcd2 Manage Replication Topology
  f98340fb-7c5b-4cdb-a00b-2ebdfa115a96 Monitor Active Directory Replication
  1131f6ae-9c07-11d1-f79f-00c04fc2dcd2 Read Only Replication Secret Synchronization
  ba33815a-4f93-4c76-87f3-57574bff8109 Migrate SID History
  45ec5156-db7e-47bb-b53f-dbeb2d03c40f Reanimate Tombstones
  e2a36dc9-ae17-47c3-b58b-be34c55ba633 Create Inbound Forest Trust
  280f369c-67c7-438e-ae98-1d46f3c6f541 Update Password Not Required Bit
  ccc2dc7d-a6ad-4a7a-8846-c04e3cc53501 Unexpire Password
  05c74c5e-4deb-43b4-bd9f-86664c2a7fd5 Enable Per User Reversibly Encrypted Password
  7c0e2a7c-a419-48e4-a995-10180aad54dd Manage Optional Features
  7726b9d5-a4b4-4288-a6b2-dce952e80a7f Run Protect Admin Groups Task
  d58d5f36-0a98-11d1-adbb-00c04fd8d5cd Change Rid Master
  bae50096-4752-11d1-9052-00c04fc2d4cf Change PDC
  014bf69c-7b3b-11d1-85f6-08002be74fab Change Domain Master
  cc17b1fb-33d9-11d2-97d4-00c04fd8d5cd Change Infrastructure Master
  e12b56b6-0a95-11d1-adbb-00c04fd8d5cd Change Schema Master
  bf9679c0-0de6-11d0-a285-00aa003049e2 member
  72e39547-7b18-11d1-adef-00c04fd8d5cd dNSHostName
  f3a64788-5306-11d1-a9c5-0000f80367c1 servicePrincipalName
  e48d0154-bcf8-11d1-8702-00c04fb96050 Public Information
  77b5b886-944a-11d1-aebd-0000f80367c1 Personal Information
  91e647de-d96f-4b70-9557-d63ff4f3ccd8 Private Information
  59ba2f42-79a2-11d0-9020-00c04fc2d3cf General Information
  4c164200-20c0-11d0-a768-00aa006e0529 Account Restrictions
  5f202010-79a5-11d0-9020-00c04fc2d4cf Logon Information
  bc0ac240-79a9-11d0-9020-00c04fc2d4cf Group Membership
  037088f8-0ae1-11d2-b422-00a0c968f939 Remote Access Information
  e45795b2-9455-11d1-aebd-0000f80367c1 Phone and Mail Options
  e45795b3-9455-11d1-aebd-0000f80367c1 Web Information
  c7407360-20bf-11d0-a768-00aa006e0529 Domain Password and Lockout Policies
  b8119fd0-04f6-4762-ab7a-4986c76b3f9a Other Domain Parameters
  bf967950-0de6-11d0-a285-00aa003049e2 description
  bf967953-0de6-11d0-a285-00aa003049e2 displayName
  bf967961-0de6-11d0-a285-00aa003049e2 mail
  bf967a06-0de6-11d0-a285-00aa003049e2 proxyAddresses
  bf967a68-0de6-11d0-a285-00aa003049e2 userAccountControl
  bf967a0a-0de6-11d0-a285-00aa003049e2 pwdLastSet
  bf967a7f-0de6-11d0-a285-00aa003049e2 userCertificate
  bf9679a8-0de6-11d0-a285-00aa003049e2 scriptPath
  f30e3bbe-9ff0-11d1-b603-0000f80367c1 gPLink
  00fbf30c-91fe-11d1-aebc-0000f80367c1 altSecurityIdentities
  17eb4278-d167-11d0-b002-0000f80367c1 sIDHistory
  800d94d7-b7a1-42a1-b14d-7cae1423d07f msDS-AllowedToDelegateTo
  3f78c3e5-f79a-46bd-a0b8-9d18116ddc79 msDS-AllowedToActOnBehalfOfOtherIdentity
  5b47d60f-6090-40b2-9f37-2a4de88f3063 msDS-KeyCredentialLink
  bf967aba-0de6-11d0-a285-00aa003049e2 user
  bf967a86-0de6-11d0-a285-00aa003049e2 computer
  bf967a9c-0de6-11d0-a285-00aa003049e2 group
  4828cc14-1437-45bc-9b07-ad6f015e5f28 inetOrgPerson
  5cb41ed0-0e4c-11d0-a286-00aa003049e2 contact
  bf967a8b-0de6-11d0-a285-00aa003049e2 container
  bf967aa5-0de6-11d0-a285-00aa003049e2 organizationalUnit
  bf967a92-0de6-11d0-a285-00aa003049e2 server
  f0f8ffab-1191-11d0-a060-00aa006c33ed nTDSDSA
  19195a60-6da0-11d0-afd3-00c04fd930c9 nTDSConnection
  19195a5b-6da0-11d0-afd3-00c04fd930c9 domainDNS
  ce206244-5827-4a86-ba1c-1c0c386c1b64 msDS-ManagedServiceAccount
  7b8b558a-93a5-4af7-adca-c017e67f1057 msDS-GroupManagedServiceAccount`);

function namesIn(table: string): ReadonlyMap<string, string> {
  const lines = table.trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [key = '', ...words] = line.trim().split(' ');
      return [key, words.join(' ')] as const;
    }),
  );
}

/** "Domain Admins (S-1-5-21-…-512)"; the SID alone where it is not well known. The SID says of which domain. */
export function trusteeInWords(sid: string): string {
  const relativeId = /^S-1-5-21-\d+-\d+-\d+-(\d+)$/.exec(sid)?.[1];
  const name = sids.get(sid) ?? (relativeId === undefined ? undefined : relativeIds.get(relativeId));
  return name === undefined ? sid : `${name} (${sid})`;
}

/** "Reset Password"; of any other its GUID. */
export function nameOfGuid(guid: string): string {
  return guids.get(guid) ?? guid;
}
