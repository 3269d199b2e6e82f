import { add, type Change } from '../lab/ldif.ts';
import { rdn } from './names.ts';

/** What a builder gives: names to use in a test, and the changes that make them true, in order. */
export interface Built {
  readonly changes: readonly Change[];
}

export interface AdminGroup extends Built {
  readonly dn: string;
  readonly legacyExchangeDn: string;
  readonly servers: string;
  readonly databases: string;
  readonly availabilityGroups: string;
  readonly arrays: string;
  /** The container of its routing group's connectors. */
  readonly connections: string;
  readonly routingGroup: string;
}

export interface Organisation extends Built {
  readonly dn: string;
  readonly legacyExchangeDn: string;
  readonly configurationNamingContext: string;
  /** CN=Microsoft Exchange, whose otherWellKnownObjects setup reads. */
  readonly microsoftExchange: string;
  readonly administrativeGroups: string;
  readonly addressLists: string;
  readonly offlineAddressLists: string;
  readonly recipientUpdateServices: string;
}

/** The admin group of every organisation since Exchange 2007. */
export const defaultAdminGroup = 'Exchange Administrative Group (FYDIBOHF23SPDLT)';

/** An organisation without admin groups. */
export function exchangeOrganisation(configurationNamingContext: string, name = 'Contoso Mail'): Organisation {
  const microsoftExchange = `CN=Microsoft Exchange,CN=Services,${configurationNamingContext}`;
  const dn = `${rdn(name)},${microsoftExchange}`;
  const legacyExchangeDn = `/o=${name}`;
  const administrativeGroups = `CN=Administrative Groups,${dn}`;
  const addressLists = `CN=Address Lists Container,${dn}`;
  const offlineAddressLists = `CN=Offline Address Lists,${addressLists}`;
  const recipientUpdateServices = `CN=Recipient Update Services,${addressLists}`;
  return {
    dn,
    legacyExchangeDn,
    configurationNamingContext,
    microsoftExchange,
    administrativeGroups,
    addressLists,
    offlineAddressLists,
    recipientUpdateServices,
    changes: [
      add(microsoftExchange, { objectClass: 'msExchConfigurationContainer' }),
      add(dn, { objectClass: 'msExchOrganizationContainer', legacyExchangeDN: legacyExchangeDn }),
      add(administrativeGroups, { objectClass: 'msExchAdminGroupContainer' }),
      ...[addressLists, offlineAddressLists, recipientUpdateServices].map((container) =>
        add(container, { objectClass: 'msExchContainer' }),
      ),
    ],
  };
}

export function adminGroup(organisation: Organisation, name = defaultAdminGroup): AdminGroup {
  const dn = `${rdn(name)},${organisation.administrativeGroups}`;
  const legacyExchangeDn = `${organisation.legacyExchangeDn}/ou=${name}`;
  const servers = `CN=Servers,${dn}`;
  const containers = {
    databases: `CN=Databases,${dn}`,
    availabilityGroups: `CN=Database Availability Groups,${dn}`,
    arrays: `CN=Arrays,${dn}`,
  };
  const routingGroups = `CN=Routing Groups,${dn}`;
  const routingGroup = `CN=Exchange Routing Group (DWBGZMFD01QNBJR),${routingGroups}`;
  const connections = `CN=Connections,${routingGroup}`;
  return {
    dn,
    legacyExchangeDn,
    servers,
    ...containers,
    routingGroup,
    connections,
    changes: [
      add(dn, { objectClass: 'msExchAdminGroup', legacyExchangeDN: legacyExchangeDn }),
      add(servers, { objectClass: 'msExchServersContainer' }),
      ...Object.values(containers).map((container) => add(container, { objectClass: 'msExchContainer' })),
      add(routingGroups, { objectClass: 'msExchRoutingGroupContainer' }),
      add(routingGroup, { objectClass: 'msExchRoutingGroup' }),
      add(connections, { objectClass: 'msExchConnectors' }),
    ],
  };
}
