//! Address configurations and the flows that they name.
//!
//! A flow keeps which addresses name it, and that is written in one transaction with the address. So a flow that is
//! named is known by its own record, and its removal while an address comes to name it conflicts on that
//! record and decides anew. A list could not say so: it lags behind what was written.

use crate::configuration::{AddressConfiguration, Flow};
use crate::decision::Decision;
use crate::refusal::Refusal;
use crate::sid::{AddressConfigurationSid, FlowSid};

/// Writes `after` in place of `before`, and lets the flows know that it names or no longer names them.
///
/// `flows` are those that either of the two names, as far as they exist. A flow that is newly named has to be among
/// them ([`Refusal::NoSuchFlow`]).
pub fn configure(
    before: Option<&AddressConfiguration>,
    after: AddressConfiguration,
    flows: Vec<Flow>,
) -> Result<Decision, Refusal> {
    let (sid, named) = (after.sid, after.flow());
    let is_new = named != before.and_then(AddressConfiguration::flow);
    if is_new && named.is_some_and(|named| flows.iter().all(|flow| flow.sid != named)) {
        return Err(Refusal::NoSuchFlow);
    }
    Ok(told(Decision::put(after), sid, named, flows))
}

/// Removes an address configuration, and lets its flow know.
pub fn remove(configuration: AddressConfiguration, flows: Vec<Flow>) -> Decision {
    let sid = configuration.sid;
    told(Decision::unchanged().without(configuration), sid, None, flows)
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

/// And every flow that did not know which one the address names.
fn told(
    decision: Decision,
    address: AddressConfigurationSid,
    named: Option<FlowSid>,
    flows: Vec<Flow>,
) -> Decision {
    flows.into_iter().fold(decision, |decision, mut flow| {
        let is_changed = if named == Some(flow.sid) {
            flow.addresses.insert(address)
        } else {
            flow.addresses.remove(&address)
        };
        if is_changed { decision.and(flow) } else { decision }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::configuration::Handler;
    use crate::record::Record;
    use crate::sid::Sid as _;
    use crate::timestamp::Timestamp;

    const NOW: Timestamp = Timestamp(0);

    fn flow(name: &str) -> Flow {
        Flow {
            sid: FlowSid::derived(&[name]),
            friendly_name: name.to_owned(),
            definition: "{}".to_owned(),
            route: None,
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
            created: NOW,
            updated: NOW,
            version: 1.into(),
        }
    }

    fn flows_of(decision: &Decision) -> Vec<Flow> {
        decision.puts.iter().filter_map(Record::get::<Flow>).cloned().collect()
    }

    #[test]
    fn a_flow_knows_its_addresses_and_stays_until_none_names_it() {
        let (one, other) = (flow("one"), flow("other"));
        let first = naming(&one);
        let known = flows_of(&configure(None, first.clone(), vec![one.clone()]).unwrap());
        assert_eq!(remove_flow(known[0].clone(), &[]), Err(Refusal::FlowInUse(first.sid)));

        let second = naming(&other);
        let both = vec![known[0].clone(), other];
        let changed = flows_of(&configure(Some(&first), second.clone(), both).unwrap());
        assert!(remove_flow(changed[0].clone(), &[]).is_ok());
        assert_eq!(remove_flow(changed[1].clone(), &[]), Err(Refusal::FlowInUse(second.sid)));

        let freed = flows_of(&remove(second, vec![changed[1].clone()]));
        assert!(remove_flow(freed[0].clone(), &[]).is_ok());
    }

    #[test]
    fn a_flow_that_was_told_is_not_written_again() {
        let mut one = flow("one");
        let address = naming(&one);
        one.addresses.insert(address.sid);
        let decision = configure(Some(&address), address.clone(), vec![one]).unwrap();
        assert_eq!(decision, Decision::put(address));
    }

    #[test]
    fn an_address_of_before_keeps_its_flow_too_and_tells_it_with_its_next_change() {
        let one = flow("one");
        let address = naming(&one);
        let listed = std::slice::from_ref(&address);
        assert_eq!(remove_flow(one.clone(), listed), Err(Refusal::FlowInUse(address.sid)));
        assert!(remove_flow(flow("other"), listed).is_ok());
        let told = flows_of(&configure(Some(&address), address.clone(), vec![one]).unwrap());
        assert!(told[0].addresses.contains(&address.sid));
    }

    #[test]
    fn a_flow_that_is_not_there_cannot_be_named_but_whoever_names_it_already_can_change() {
        let address = naming(&flow("one"));
        assert_eq!(configure(None, address.clone(), vec![]), Err(Refusal::NoSuchFlow));
        assert!(configure(Some(&address), address.clone(), vec![]).is_ok());
    }
}
