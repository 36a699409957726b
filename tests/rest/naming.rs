//! What an address names stays as long as it is named, also when both are asked for at once.

use std::collections::BTreeSet;

use serde_json::json;
use switchboard_domain::configuration::{AddressConfiguration, Flow};
use switchboard_domain::decision::Decision;
use switchboard_store::key;

use crate::world::World;

const DESK: &str = "+18005550199";
const ADDRESSES: &str = "/conversations/v1/Configuration/Addresses";
const ADDRESS: &str = "/conversations/v1/Configuration/Addresses/+18005550199";
const FLOWS: &str = "/studio/v2/Flows";
/// The functions that a race is between.
const OF_ADDRESSES: &str = "conversations-api";
const OF_FLOWS: &str = "flex-api";

async fn world() -> World {
    World::ticking(OF_ADDRESSES, "").await
}

async fn a_flow(world: &World) -> String {
    let states =
        json!([{ "name": "Trigger", "type": "trigger", "properties": {}, "transitions": [] }]);
    let definition = json!({ "description": "", "initial_state": "Trigger", "states": states });
    let definition = definition.to_string();
    let form = [("FriendlyName", "F"), ("Status", "published"), ("Definition", &definition)];
    world.post(FLOWS, &form).await.text("sid")
}

fn path(flow: &str) -> String {
    format!("{FLOWS}/{flow}")
}

/// An address that names a flow.
fn naming(flow: &str) -> [(&str, &str); 4] {
    [
        ("Type", "sms"),
        ("Address", DESK),
        ("AutoCreation.Type", "studio"),
        ("AutoCreation.StudioFlowSid", flow),
    ]
}

/// The parameters of [`naming`] that a change takes.
fn renaming(flow: &str) -> [(&str, &str); 2] {
    let [_, _, kind, flow] = naming(flow);
    [kind, flow]
}

async fn is_kept(world: &World, flow: &str, address: &str) {
    let words = world.delete(&path(flow)).await.refused(400, 20001);
    assert_eq!(words, format!("The flow is used by address configuration {address}"));
    world.get(&path(flow)).await.expect(200);
}

#[tokio::test]
async fn a_flow_stays_until_no_address_names_it() {
    let world = world().await;
    let (first, second) = (a_flow(&world).await, a_flow(&world).await);
    let address = world.post(ADDRESSES, &naming(&first)).await.text("sid");
    is_kept(&world, &first, &address).await;
    // A new revision is named as well.
    world.post(&path(&first), &[("Status", "draft")]).await.expect(200);
    is_kept(&world, &first, &address).await;

    world.post(ADDRESS, &renaming(&second)).await.expect(200);
    world.delete(&path(&first)).await.expect(204);
    is_kept(&world, &second, &address).await;
    world.post(ADDRESS, &[("AutoCreation.Type", "default")]).await.expect(200);
    world.post(ADDRESS, &renaming(&second)).await.expect(200);
    is_kept(&world, &second, &address).await;
    world.delete(ADDRESS).await.expect(204);
    world.delete(&path(&second)).await.expect(204);
}

#[tokio::test]
async fn a_flow_that_is_removed_while_an_address_comes_to_name_it_stays() {
    let world = world().await;
    let flow = a_flow(&world).await;
    let removal = async || {
        let made = async { drop(world.post(ADDRESSES, &naming(&flow)).await.expect(201)) };
        world.crossed(OF_FLOWS, world.delete(&path(&flow)), made).await.refused(400, 20001)
    };
    removal().await;
    world.post(ADDRESS, &[("AutoCreation.Type", "default")]).await.expect(200);
    let changed = async { drop(world.post(ADDRESS, &renaming(&flow)).await.expect(200)) };
    let removal = world.crossed(OF_FLOWS, world.delete(&path(&flow)), changed).await;
    removal.refused(400, 20001);
    world.get(&path(&flow)).await.expect(200);
}

#[tokio::test]
async fn an_address_that_comes_to_name_a_flow_while_it_is_removed_is_refused() {
    let world = world().await;
    let flow = a_flow(&world).await;
    let removed = async { drop(world.delete(&path(&flow)).await.expect(204)) };
    let naming = naming(&flow);
    let creation = world.post(ADDRESSES, &naming);
    world.crossed(OF_ADDRESSES, creation, removed).await.refused(400, 50367);
    world.get(ADDRESS).await.refused(404, 20404);

    let flow = a_flow(&world).await;
    let made = world.post(ADDRESSES, &[("Type", "sms"), ("Address", DESK)]).await.expect(201);
    let removed = async { drop(world.delete(&path(&flow)).await.expect(204)) };
    let renaming = renaming(&flow);
    let change = world.post(ADDRESS, &renaming);
    world.crossed(OF_ADDRESSES, change, removed).await.refused(400, 50367);
    assert_eq!(world.get(ADDRESS).await.expect(200), made);
}

#[tokio::test]
async fn an_address_that_was_stored_before_flows_knew_of_it_keeps_its_flow() {
    let world = world().await;
    let flow = a_flow(&world).await;
    let address = world.post(ADDRESSES, &naming(&flow)).await.text("sid");
    let forgets = async || {
        let at = key::flow(flow.parse().unwrap());
        let stored: Flow = world.on.store.get(at).await.unwrap().unwrap();
        world.given(Decision::put(Flow { addresses: BTreeSet::new(), ..stored })).await;
    };
    forgets().await;
    is_kept(&world, &flow, &address).await;
    // Any change tells the flow.
    world.post(ADDRESS, &[("FriendlyName", "desk")]).await.expect(200);
    let at = key::flow(flow.parse().unwrap());
    let told: Flow = world.on.store.get(at).await.unwrap().unwrap();
    let desk = AddressConfiguration::sid_of(&DESK.parse().unwrap());
    assert_eq!(told.addresses, BTreeSet::from([desk]));
    forgets().await;
    world.delete(ADDRESS).await.expect(204);
    world.delete(&path(&flow)).await.expect(204);
}
