//! Address configurations, and the flows and conversation services that they name.
//!
//! A flow keeps which addresses name it, a service likewise, and that is written in one transaction with the address.
//! So what is named is known by its own record, and its removal while an address comes to name it conflicts on that
//! record and decides anew. A list could not say so: it lags behind what was written.

use std::collections::BTreeSet;

use crate::configuration::{AddressConfiguration, Flow};
use crate::conversation::Service;
use crate::decision::Decision;
use crate::record::Record;
use crate::refusal::Refusal;
use crate::sid::AddressConfigurationSid;

/// What address configurations name, as far as it exists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Named {
    /// Flows.
    pub flows: Vec<Flow>,
    /// Conversation services.
    pub services: Vec<Service>,
}

/// Writes `after` in place of `before`, and lets what they name know that it is or is no longer named.
///
/// `named` is what either of the two names. What is newly named has to be there ([`Refusal::NoSuchFlow`],
/// [`Refusal::NoSuchService`]).
pub fn configure(
    before: Option<&AddressConfiguration>,
    after: AddressConfiguration,
    named: Named,
) -> Result<Decision, Refusal> {
    let flow =
        after.flow().filter(|flow| before.and_then(AddressConfiguration::flow) != Some(*flow));
    if flow.is_some_and(|sid| named.flows.iter().all(|flow| flow.sid != sid)) {
        return Err(Refusal::NoSuchFlow);
    }
    let service = after.service.filter(|sid| before.and_then(|it| it.service) != Some(*sid));
    if service.is_some_and(|sid| named.services.iter().all(|service| service.sid != sid)) {
        return Err(Refusal::NoSuchService);
    }
    Ok(told(Decision::put(after.clone()), after.sid, Some(&after), named))
}

/// Removes an address configuration, and lets what it names know.
pub fn remove(configuration: AddressConfiguration, named: Named) -> Decision {
    let sid = configuration.sid;
    told(Decision::unchanged().without(configuration), sid, None, named)
}

/// Removes a flow unless an address names it ([`Refusal::FlowInUse`]).
///
/// `addresses` are for those that were stored before flows kept who names them: the ones that were found in a list
/// and then read as they are.
pub fn remove_flow(flow: Flow, addresses: &[AddressConfiguration]) -> Result<Decision, Refusal> {
    let found = || addresses.iter().find(|one| one.flow() == Some(flow.sid)).map(|one| one.sid);
    match flow.addresses.first().copied().or_else(found) {
        Some(address) => Err(Refusal::FlowInUse(address)),
        None => Ok(Decision::unchanged().without(flow)),
    }
}

/// Removes a conversation service unless an address names it ([`Refusal::ServiceInUse`]); `addresses` as for
/// [`remove_flow`].
pub fn remove_service(
    service: Service,
    addresses: &[AddressConfiguration],
) -> Result<Decision, Refusal> {
    let found = || addresses.iter().find(|one| one.service == Some(service.sid)).map(|one| one.sid);
    match service.addresses.first().copied().or_else(found) {
        Some(address) => Err(Refusal::ServiceInUse(address)),
        None => Ok(Decision::unchanged().without(service)),
    }
}

/// And everything that did not know whether the address, as it is now, names it.
fn told(
    mut decision: Decision,
    address: AddressConfigurationSid,
    now: Option<&AddressConfiguration>,
    named: Named,
) -> Decision {
    let is_news = |known: &mut BTreeSet<AddressConfigurationSid>, is_named: bool| match is_named {
        true => known.insert(address),
        false => known.remove(&address),
    };
    for mut flow in named.flows {
        let is_named = now.and_then(AddressConfiguration::flow) == Some(flow.sid);
        if is_news(&mut flow.addresses, is_named) {
            decision.puts.push(Record::from(flow));
        }
    }
    for mut service in named.services {
        let is_named = now.and_then(|it| it.service) == Some(service.sid);
        if is_news(&mut service.addresses, is_named) {
            decision.puts.push(Record::from(service));
        }
    }
    decision
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Handler;
    use crate::sid::{FlowSid, ServiceSid, Sid as _};
    use crate::timestamp::Timestamp;

    const NOW: Timestamp = Timestamp(0);

    fn flow(name: &str) -> Flow {
        Flow {
            sid: FlowSid::derived(&[name]),
            friendly_name: name.to_owned(),
            definition: "{}".to_owned(),
            route: None,
            routes: std::collections::BTreeMap::new(),
            live: None,
            test_users: Vec::new(),
            published: true,
            addresses: BTreeSet::new(),
            revision: 1,
            commit_message: None,
            created: NOW,
            updated: NOW,
            version: 1.into(),
        }
    }

    fn naming(flow: &Flow) -> AddressConfiguration {
        let address = "+18005550199".parse().unwrap();
        AddressConfiguration {
            sid: AddressConfiguration::sid_of(&address),
            kind: address.channel(),
            address,
            friendly_name: None,
            address_country: None,
            enabled: true,
            service: None,
            handler: Handler::Studio { flow: flow.sid, retry_count: 0 },
            care: None,
            created: NOW,
            updated: NOW,
            version: 1.into(),
        }
    }

    fn service(name: &str) -> Service {
        Service {
            version: 1.into(),
            ..Service::new(ServiceSid::derived(&[name]), name.to_owned(), NOW)
        }
    }

    fn opening_in(service: &Service) -> AddressConfiguration {
        let handler = Handler::Default;
        AddressConfiguration { service: Some(service.sid), handler, ..naming(&flow("none")) }
    }

    fn these(flows: impl IntoIterator<Item = Flow>) -> Named {
        Named { flows: flows.into_iter().collect(), services: Vec::new() }
    }

    fn those(services: impl IntoIterator<Item = Service>) -> Named {
        Named { flows: Vec::new(), services: services.into_iter().collect() }
    }

    fn services_of(decision: &Decision) -> Vec<Service> {
        decision.puts.iter().filter_map(Record::get::<Service>).cloned().collect()
    }

    fn flows_of(decision: &Decision) -> Vec<Flow> {
        decision.puts.iter().filter_map(Record::get::<Flow>).cloned().collect()
    }

    #[test]
    fn a_flow_knows_its_addresses_and_stays_until_none_names_it() {
        let (one, other) = (flow("one"), flow("other"));
        let first = naming(&one);
        let known = flows_of(&configure(None, first.clone(), these([one.clone()])).unwrap());
        assert_eq!(remove_flow(known[0].clone(), &[]), Err(Refusal::FlowInUse(first.sid)));

        let second = naming(&other);
        let both = these([known[0].clone(), other]);
        let changed = flows_of(&configure(Some(&first), second.clone(), both).unwrap());
        assert!(remove_flow(changed[0].clone(), &[]).is_ok());
        assert_eq!(remove_flow(changed[1].clone(), &[]), Err(Refusal::FlowInUse(second.sid)));

        let freed = flows_of(&remove(second, these([changed[1].clone()])));
        assert!(remove_flow(freed[0].clone(), &[]).is_ok());
    }

    #[test]
    fn a_flow_that_was_told_is_not_written_again() {
        let mut one = flow("one");
        let address = naming(&one);
        one.addresses.insert(address.sid);
        let decision = configure(Some(&address), address.clone(), these([one])).unwrap();
        assert_eq!(decision, Decision::put(address));
    }

    #[test]
    fn an_address_of_before_keeps_its_flow_too_and_tells_it_with_its_next_change() {
        let one = flow("one");
        let address = naming(&one);
        let listed = std::slice::from_ref(&address);
        assert_eq!(remove_flow(one.clone(), listed), Err(Refusal::FlowInUse(address.sid)));
        assert!(remove_flow(flow("other"), listed).is_ok());
        let told = flows_of(&configure(Some(&address), address.clone(), these([one])).unwrap());
        assert!(told[0].addresses.contains(&address.sid));
    }

    #[test]
    fn a_flow_that_is_not_there_cannot_be_named_but_whoever_names_it_already_can_change() {
        let address = naming(&flow("one"));
        assert_eq!(configure(None, address.clone(), Named::default()), Err(Refusal::NoSuchFlow));
        assert!(configure(Some(&address), address.clone(), Named::default()).is_ok());
    }

    #[test]
    fn a_service_knows_its_addresses_and_stays_until_none_names_it() {
        let (one, other) = (service("one"), service("other"));
        let first = opening_in(&one);
        let known = configure(None, first.clone(), those([one.clone()])).unwrap();
        let known = services_of(&known);
        let in_use = |service: &Service| remove_service(service.clone(), &[]);
        assert_eq!(in_use(&known[0]), Err(Refusal::ServiceInUse(first.sid)));
        let second = opening_in(&other);
        let both = those([known[0].clone(), other.clone()]);
        let changed = services_of(&configure(Some(&first), second.clone(), both).unwrap());
        assert!(in_use(&changed[0]).is_ok());
        assert_eq!(in_use(&changed[1]), Err(Refusal::ServiceInUse(second.sid)));
        let freed = services_of(&remove(second.clone(), those([changed[1].clone()])));
        assert!(in_use(&freed[0]).is_ok());
        assert_eq!(configure(None, second.clone(), Named::default()), Err(Refusal::NoSuchService));
        assert!(configure(Some(&second), second.clone(), Named::default()).is_ok());
        let listed = std::slice::from_ref(&second);
        assert_eq!(remove_service(other, listed), Err(Refusal::ServiceInUse(second.sid)));
    }
}
