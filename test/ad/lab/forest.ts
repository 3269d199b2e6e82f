/** The names of the lab's forest: one domain, one site. */
export const forest = {
  domain: 'corp.example.com',
  realm: 'CORP.EXAMPLE.COM',
  netbiosName: 'CORP',
  domainNamingContext: 'DC=corp,DC=example,DC=com',
  configurationNamingContext: 'CN=Configuration,DC=corp,DC=example,DC=com',
  schemaNamingContext: 'CN=Schema,CN=Configuration,DC=corp,DC=example,DC=com',
  site: 'CN=Default-First-Site-Name,CN=Sites,CN=Configuration,DC=corp,DC=example,DC=com',
  /** Domain Admins, Enterprise Admins, Schema Admins. */
  adminUser: 'Administrator@corp.example.com',
  adminDn: 'CN=Administrator,CN=Users,DC=corp,DC=example,DC=com',
} as const;

/** The naming contexts that every DC of the forest holds. */
export const namingContexts: readonly string[] = [
  forest.schemaNamingContext,
  forest.configurationNamingContext,
  forest.domainNamingContext,
];

export const ports = { ldap: 389, ldaps: 636, globalCatalog: 3268, globalCatalogTls: 3269 } as const;
