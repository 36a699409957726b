//! From one moment to the next.

use serde_json::{Value, json};
use switchboard_domain::carriage::DeliveryStatus;
use switchboard_domain::interaction::ChannelStatus;
use switchboard_domain::task::{ReservationStatus, TaskStatus};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::workspace::Capacity;

use super::violated;
use super::world::{World, offered, sid, stored};
use crate::History;

/// Everything that is found on the way from one world to the next.
fn on_the_way(before: impl FnOnce(&mut World), after: impl FnOnce(&mut World)) -> Vec<String> {
    let mut world = World::new();
    before(&mut world);
    let mut history = History::new();
    assert_eq!(history.follow(world.snapshot()), []);
    after(&mut world);
    let found = history.follow(world.snapshot());
    assert_eq!(history.latest(), Some(&world.snapshot()));
    violated(&found).into_iter().map(str::to_owned).collect()
}

fn breaks(invariant: &str, after: impl FnOnce(&mut World)) {
    let found = on_the_way(|_| {}, after);
    assert!(found.iter().any(|one| one == invariant), "{invariant}: {found:?}");
}

#[test]
fn unchanged_and_advancing_records_are_in_order() {
    assert_eq!(on_the_way(|_| {}, |_| {}), [""; 0]);
    let went_on = on_the_way(
        |_| {},
        |world| {
            world.close();
            world.conversation().version += 1;
            stored(world.reply(), |it| it["deliveries"][0]["status"] = json!(DeliveryStatus::Read));
            world.reply().version += 1;
            world.task().tampered().status = TaskStatus::Completed;
            world.task().tampered().reservations[0].status = ReservationStatus::Completed;
            world.task().version += 1;
            world.interaction().invites[0].over = true;
            world.interaction().version += 1;
        },
    );
    assert_eq!(went_on, [""; 0]);
}

#[test]
fn a_write_that_does_not_move_the_version_is_found() {
    let invariant = "a record changes only together with its version, which grows";
    breaks(invariant, |world| {
        stored(world.conversation(), |it| it["friendly_name"] = json!("new"))
    });
    breaks(invariant, |world| world.worker_called("alice").version = 0.into());
}

#[test]
fn vanished_records_are_found() {
    let invariant = "what is kept for good stays";
    breaks(invariant, |world| world.lose("Message"));
    breaks(invariant, |world| world.lose("Interaction"));
    breaks(invariant, |world| world.lose("Task"));
    breaks(invariant, |world| world.interaction().invites.clear());
    breaks(invariant, |world| world.interaction().participants.clear());
    breaks(invariant, |world| world.task().tampered().reservations.clear());
}

#[test]
fn finished_records_that_go_on_are_found() {
    let invariant = "what is over stays over";
    type Edit = fn(&mut World);
    let ends: [(Edit, Edit); 5] = [
        (World::close, |world| stored(world.conversation(), |it| it["state"] = json!("active"))),
        (
            |world| world.interaction().status = ChannelStatus::Closed,
            |world| world.interaction().status = ChannelStatus::Active,
        ),
        (
            |world| world.task().tampered().status = TaskStatus::Canceled,
            |world| world.task().tampered().status = TaskStatus::Pending,
        ),
        (
            |world| world.interaction().invites[0].over = true,
            |world| world.interaction().invites[0].over = false,
        ),
        (
            |world| world.interaction().participants[0].left = true,
            |world| world.interaction().participants[0].left = false,
        ),
    ];
    for (before, after) in ends {
        let found = on_the_way(before, after);
        assert!(found.iter().any(|one| one == invariant), "{found:?}");
    }
    let removed = on_the_way(
        |world| stored(world.question(), |it| it["removed"] = json!(true)),
        |world| stored(world.question(), |it| it["removed"] = json!(false)),
    );
    assert!(removed.iter().any(|one| one == invariant), "{removed:?}");
}

#[test]
fn numbers_that_are_given_out_again_are_found() {
    let invariant = "numbers that were given out are never given out again";
    breaks(invariant, |world| {
        let less = world.conversation().next_index - 1;
        stored(world.conversation(), |it| it["next_index"] = json!(less));
    });
    breaks(invariant, |world| {
        let less = world.conversation().next_number - 1;
        stored(world.conversation(), |it| it["next_number"] = json!(less));
    });
    breaks(invariant, |world| world.interaction().next_number -= 1);
    breaks(invariant, |world| world.task().tampered().next_number -= 1);
    breaks(invariant, |world| {
        stored(world.reply(), |it| it["deliveries"][0]["attempts"] = json!(0))
    });
    let again = on_the_way(
        |world| {
            stored(world.conversation(), |it| {
                drop(it["participants"].as_array_mut().unwrap().pop())
            })
        },
        |world| {
            stored(world.conversation(), |it| {
                let participants = it["participants"].as_array_mut().unwrap();
                participants.push(participants[0].clone());
                participants.last_mut().unwrap()["number"] = json!(2);
            });
        },
    );
    assert!(again.iter().any(|one| one == invariant), "{again:?}");
}

#[test]
fn settled_facts_that_change_are_found() {
    let invariant = "what is settled is settled";
    breaks(invariant, |world| stored(world.question(), |it| it["index"] = json!(5)));
    breaks(invariant, |world| stored(world.conversation(), |it| it["interaction"] = Value::Null));
    breaks(invariant, |world| {
        stored(world.conversation(), |it| it["participants"][1]["identity"] = json!("mallory"));
    });
    breaks(invariant, |world| {
        stored(world.reply(), |it| it["deliveries"][0]["carrier_message_id"] = json!("SM9"));
    });
    breaks(invariant, |world| world.task().tampered().interaction = None);
    breaks(invariant, |world| world.task().tampered().reservations[0].worker = sid("mallory"));
    breaks(invariant, |world| world.interaction().invites[0].task = sid("another"));
}

#[test]
fn a_receipt_that_moves_down_is_found() {
    use DeliveryStatus::{Delivered, Failed, Queued, Read, Sent, Undelivered};
    let down = [
        (Sent, Queued),
        (Delivered, Sent),
        (Delivered, Failed),
        (Read, Delivered),
        (Read, Undelivered),
        (Failed, Sent),
        (Undelivered, Failed),
    ];
    let up = [
        (Queued, Failed),
        (Queued, Read),
        (Sent, Delivered),
        (Sent, Undelivered),
        (Undelivered, Delivered),
        (Failed, Read),
        (Delivered, Read),
    ];
    let found = |was, is| {
        let set = move |world: &mut World| {
            stored(world.reply(), |it| it["deliveries"][0]["status"] = json!(was))
        };
        let found = on_the_way(set, |world| {
            stored(world.reply(), |it| it["deliveries"][0]["status"] = json!(is));
            world.reply().version += 1;
        });
        found.iter().any(|one| one == "the status of a delivery only climbs")
    };
    for (was, is) in down {
        assert!(found(was, is), "{was:?} to {is:?}");
    }
    for (was, is) in up {
        assert!(!found(was, is), "{was:?} to {is:?}");
    }
}

#[test]
fn a_reservation_that_ends_twice_is_found() {
    let ended = |status| {
        move |world: &mut World| {
            world.task().tampered().status = TaskStatus::Pending;
            world.task().tampered().reservations[0].status = status;
        }
    };
    let rejected = ended(ReservationStatus::Rejected);
    let found = on_the_way(rejected, ended(ReservationStatus::Timeout));
    assert!(found.iter().any(|one| one == "a reservation ends once"), "{found:?}");
}

#[test]
fn a_new_reservation_beyond_the_capacity_or_for_who_is_away_is_found() {
    let beyond = "a reservation is made within the capacity of its worker";
    let away = "a reservation is made for a worker who is available";
    breaks(beyond, |world| world.put(offered("more", "alice")));
    breaks(away, |world| world.put(offered("more", "bob")));
    let found = on_the_way(
        |world| {
            let none = Capacity { capacity: 3, available: false };
            world.worker_called("alice").channels.insert(sid("sms"), none);
        },
        |world| world.put(offered("more", "alice")),
    );
    assert_eq!(found, [away]);
    let changed = on_the_way(
        |_| {},
        |world| {
            world.put(offered("more", "alice"));
            world.worker_called("alice").updated = Timestamp(3_000_000);
            world.worker_called("alice").version += 1;
        },
    );
    assert_eq!(changed, [""; 0], "who changed meanwhile is looked at by the snapshot");
}
