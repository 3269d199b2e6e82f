import { forest } from '../lab/forest.ts';
import { type Change, replace } from '../lab/ldif.ts';
import { nastyNames, rdn } from './names.ts';
import { type AdminGroup, adminGroup, exchangeOrganisation, type Organisation } from './organisation.ts';
import { computerAccount, distributionGroup, exchangeSecurityGroups, mailbox } from './recipients.ts';
import {
  availabilityGroup,
  clientAccessArray,
  database,
  databaseBelowServer,
  type Named,
  offlineAddressBook,
  recipientUpdateService,
  routingGroupConnector,
  routingMaster,
  sendConnector,
  siteFolderServer,
  wellKnownObject,
} from './referrers.ts';
import { type ExchangeServer, exchangeServer } from './server.ts';

/** An organisation in which every kind of reference to the orphaned server EX02 occurs. */
export interface Contoso {
  readonly organisation: Organisation;
  /** The admin group of 2007 and later. */
  readonly group: AdminGroup;
  /** The admin group of OLD03. */
  readonly oldGroup: AdminGroup;
  /** Healthy servers: 2010 (member of the availability group), 2013, 2003. */
  readonly ex01: ExchangeServer;
  readonly ex13: ExchangeServer;
  readonly old03: ExchangeServer;
  /** An Exchange 2010 whose machine is gone: no computer account. */
  readonly orphan: ExchangeServer;
  readonly databases: { readonly db01: Named; readonly ofOrphan: Named; readonly publicOfOrphan: Named };
  /** Users; the second has only its homeMTA on the orphan, the third all of its mailbox. */
  readonly mailboxes: { readonly anna: Named; readonly bert: Named; readonly cleo: Named };
  readonly referrers: {
    readonly sendConnector: Named;
    readonly routingGroupConnector: Named;
    readonly offlineAddressBook: Named;
    readonly distributionGroup: Named;
    readonly availabilityGroup: Named;
    readonly clientAccessArray: Named;
    readonly recipientUpdateService: Named;
  };
  /** GUID of the entry in otherWellKnownObjects of CN=Microsoft Exchange that names the orphan's system attendant. */
  readonly wellKnownGuid: string;
  readonly changes: readonly Change[];
}

export interface ContosoOptions {
  /** The last logon of the healthy servers' computers. */
  readonly now: Date;
}

/** Builds it in the lab's forest. Load it offline: computers' last logons are the directory's own. */
export function contoso({ now }: ContosoOptions): Contoso {
  const { configurationNamingContext, domain, domainNamingContext, site } = forest;
  const users = `CN=Users,${domainNamingContext}`;
  const wellKnownGuid = '9c1ab2d7-4a3e-4f5c-8b60-51d6f7a8b9c0';
  const organisation = exchangeOrganisation(configurationNamingContext);
  const group = adminGroup(organisation);
  const oldGroup = adminGroup(organisation, 'First Administrative Group');

  const dag = availabilityGroup(group, {
    name: 'DAG1',
    started: [`ex01.${domain}`],
    stopped: [`ex02.${domain}`],
    witness: `\\\\ex02.${domain}\\DAG1`,
  });
  const array = clientAccessArray(group, `outlook.${domain}`);
  const ex01 = exchangeServer(group, { name: 'EX01', version: '2010', site, domain, availabilityGroup: dag.dn });
  const ex13 = exchangeServer(group, { name: 'EX13', version: '2013', site, domain });
  const old03 = exchangeServer(oldGroup, { name: 'OLD03', version: '2003', site, domain });
  const orphan = exchangeServer(group, {
    name: 'EX02',
    version: '2010',
    site,
    domain,
    availabilityGroup: dag.dn,
    clientAccessArray: array.dn,
  });

  const publicOfOrphan = database(group, { name: 'PF02', owner: orphan, kind: 'public' });
  const databases = {
    publicOfOrphan,
    db01: database(group, {
      name: 'DB01',
      owner: ex01,
      availabilityGroup: dag.dn,
      copies: [ex01, orphan],
      attributes: { msExchHomePublicMDB: publicOfOrphan.dn },
    }),
    ofOrphan: database(group, { name: 'DB02', owner: orphan }),
  };
  const home = (name: string, server: ExchangeServer, on: Named, mta: ExchangeServer = server): Named =>
    mailbox({
      name,
      parent: users,
      userPrincipalName: `${name}@${domain}`,
      primaryAddress: `${name}@example.com`,
      server,
      database: on.dn,
      attributes: { homeMTA: mta.mta },
    });
  const mailboxes = {
    anna: home('anna', ex01, databases.db01),
    bert: home('bert', ex01, databases.db01, orphan),
    cleo: home('cleo', orphan, databases.ofOrphan),
  };
  const referrers = {
    sendConnector: sendConnector(group, 'Internet', [ex01, orphan]),
    routingGroupConnector: routingGroupConnector(group, 'To the old site', { source: ex01, target: orphan }),
    offlineAddressBook: offlineAddressBook(organisation, 'Default Offline Address Book', orphan, [ex01, orphan]),
    distributionGroup: distributionGroup('All Staff', users, orphan),
    availabilityGroup: dag,
    clientAccessArray: array,
    recipientUpdateService: recipientUpdateService(organisation, 'Recipient Update Service (CORP)', orphan),
  };
  const computers = [ex01, ex13, old03].map((server) =>
    computerAccount(server, { domainNamingContext, lastLogon: now }),
  );

  const built = [
    ...[
      organisation,
      group,
      oldGroup,
      dag,
      array,
      ex01,
      ex13,
      old03,
      orphan,
      databaseBelowServer(old03, 'Mailbox Store (OLD03)'),
    ],
    ...Object.values(databases),
    ...Object.values(mailboxes),
    ...[referrers.sendConnector, referrers.routingGroupConnector, referrers.offlineAddressBook],
    ...[referrers.distributionGroup, referrers.recipientUpdateService],
    ...computers,
    exchangeSecurityGroups(domainNamingContext, computers),
  ];
  return {
    ...{ organisation, group, oldGroup, ex01, ex13, old03, orphan, databases, mailboxes, referrers, wellKnownGuid },
    changes: [
      ...built.flatMap(({ changes }) => changes),
      ...routingMaster(group, orphan),
      ...siteFolderServer(group, publicOfOrphan),
      wellKnownObject(organisation, wellKnownGuid, `CN=Microsoft System Attendant,${orphan.dn}`),
    ],
  };
}

/** What people do before the object may go: the mailbox moved, the address book's server changed, out of the DAG. */
export function withoutBlockers({ orphan, ex01, databases, mailboxes, referrers }: Contoso): readonly Change[] {
  return [
    replace(mailboxes.cleo.dn, { homeMDB: databases.db01.dn, msExchHomeServerName: ex01.legacyExchangeDn }),
    replace(referrers.offlineAddressBook.dn, { offLineABServer: ex01.dn }),
    replace(orphan.dn, { msExchMDBAvailabilityGroupLink: [] }),
  ];
}

/** Public folder stores of every nasty name below a server, as Exchange 2003 keeps them. */
export function nastyStores(server: ExchangeServer): readonly Named[] {
  const storageGroup = `CN=First Storage Group,${server.informationStore}`;
  const stores = nastyNames.map((name): Named => {
    const dn = `${rdn(name)},${storageGroup}`;
    return {
      dn,
      changes: [{ kind: 'add', dn, attributes: { objectClass: 'msExchPublicMDB', msExchOwningServer: server.dn } }],
    };
  });
  const container: Named = {
    dn: storageGroup,
    changes: [{ kind: 'add', dn: storageGroup, attributes: { objectClass: 'msExchStorageGroup' } }],
  };
  return [container, ...stores];
}
