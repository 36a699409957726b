//! The fixed limits (rules D.1 to D.3 and D.11), each from both sides.

use serde_json::{Value, json};

use super::{text, world};

#[tokio::test]
async fn names_have_sixty_four_characters_at_most_everywhere() {
    let world = world().await;
    let url = world.workspace().await;
    let (fits, long) = ("é".repeat(64), "n".repeat(65));
    let configuration = r#"{"task_routing":{"filters":[]}}"#;
    for (list, more) in [
        ("", ("Template", "NONE")),
        ("/Activities", ("Available", "true")),
        ("/TaskChannels", ("UniqueName", "fax")),
        ("/TaskQueues", ("TargetWorkers", "1==1")),
        ("/Workflows", ("Configuration", configuration)),
        ("/Workers", ("Attributes", "{}")),
    ] {
        let base = if list.is_empty() { String::new() } else { format!("{url}{list}") };
        world.post(&base, &[("FriendlyName", &long), more]).await.refused(400, 20001);
        let made = world.created(&base, &[("FriendlyName", &fits), more]).await;
        assert_eq!(made["friendly_name"], json!(fits), "{list}");
        world.post(&text(&made, "url"), &[("FriendlyName", &long)]).await.refused(400, 20001);
    }
}

#[tokio::test]
async fn attributes_have_four_thousand_and_ninety_six_characters_with_their_spaces() {
    let world = world().await;
    let url = world.workspace().await;
    let sized = |characters: usize| format!("{{\"a\":{}1}}", " ".repeat(characters - 7));
    let (fits, long) = (sized(4096), sized(4097));
    let name = ("FriendlyName", "Alice");
    for (list, named) in [("Tasks", &[][..]), ("Workers", &[name])] {
        let base = format!("{url}/{list}");
        let with = |attributes| [named, &[("Attributes", attributes)]].concat();
        world.post(&base, &with(&long)).await.refused(400, 20001);
        let made = world.created(&base, &with(&fits)).await;
        assert_eq!(made["attributes"], json!(fits), "{list}");
        world.post(&text(&made, "url"), &[("Attributes", &long)]).await.refused(400, 20001);
    }
}

#[tokio::test]
async fn times_and_counts_have_their_published_defaults_and_bounds() {
    let world = world().await;
    let url = world.workspace().await;
    let first = async |list: &str, key: &str| {
        world.get(&format!("{url}/{list}")).await.expect(200)[key][0].clone()
    };
    let workflow = first("Workflows", "workflows").await;
    assert_eq!(workflow["task_reservation_timeout"], 120);
    let workflow = text(&workflow, "url");
    for (given, expected) in [("86400", 200), ("1", 200), ("86401", 400), ("0", 400)] {
        let answer = world.post(&workflow, &[("TaskReservationTimeout", given)]).await;
        assert_eq!(answer.status, expected, "{given}");
    }
    let queue = first("TaskQueues", "task_queues").await;
    assert_eq!(
        (&queue["target_workers"], &queue["max_reserved_workers"]),
        (&json!("1==1"), &json!(1))
    );
    let queue = text(&queue, "url");
    for (given, expected) in [("50", 200), ("1", 200), ("51", 400), ("0", 400)] {
        let answer = world.post(&queue, &[("MaxReservedWorkers", given)]).await;
        assert_eq!(answer.status, expected, "{given}");
    }
    for (form, expected) in [
        (("Timeout", "1209600"), 201),
        (("Timeout", "1209601"), 400),
        (("Timeout", "0"), 400),
        (("Priority", "2147483647"), 201),
        (("Priority", "2147483648"), 400),
        (("Priority", "-1"), 400),
        (("VirtualStartTime", "1900-01-01T00:00:00Z"), 201),
        (("VirtualStartTime", "1899-12-31T23:59:59Z"), 400),
    ] {
        let answer = world.post(&format!("{url}/Tasks"), &[form]).await;
        assert_eq!(answer.status, expected, "{form:?}");
    }
    let form = [("FriendlyName", "Long"), ("Configuration", &*" ".repeat(1_038_577))];
    world.post(&format!("{url}/Workflows"), &form).await.refused(400, 20001);
}

#[tokio::test]
async fn a_page_has_fifty_entries_unless_it_is_asked_for_others_and_a_thousand_at_most() {
    let world = world().await;
    let url = world.workspace().await;
    for number in 0..51 {
        let name = number.to_string();
        world.created(&format!("{url}/Activities"), &[("FriendlyName", &name)]).await;
    }
    let all = format!("{url}/Activities");
    let length = |page: &Value| page["activities"].as_array().unwrap().len();
    assert_eq!(length(&world.get(&all).await.expect(200)), 50);
    assert_eq!(length(&world.get(&format!("{all}?PageSize=3")).await.expect(200)), 3);
    let largest = world.get(&format!("{all}?PageSize=1000")).await.expect(200);
    assert_eq!((length(&largest), &largest["meta"]["page_size"]), (55, &json!(1000)));
}

#[tokio::test]
async fn a_queue_that_nobody_can_serve_is_allowed() {
    let world = world().await;
    let url = world.workspace().await;
    let form = [("FriendlyName", "Nobody"), ("TargetWorkers", "a == 1 AND a == 2")];
    let queue = world.created(&format!("{url}/TaskQueues"), &form).await;
    let task =
        world.created(&format!("{url}/Tasks"), &[("TaskQueueSid", &*text(&queue, "sid"))]).await;
    let receipt = world.get(&format!("{}/Receipt", text(&task, "url"))).await.expect(200);
    assert_eq!(receipt["why"], "queue_has_no_workers");
}

#[tokio::test]
async fn a_bound_on_waiting_is_set_shown_and_taken_away() {
    let world = world().await;
    let url = world.workspace().await;
    let form = [("FriendlyName", "Patient"), ("AgeingBound", "600")];
    let queue = text(&world.created(&format!("{url}/TaskQueues"), &form).await, "url");
    let ageing = format!("{queue}/Ageing");
    assert_eq!(world.get(&ageing).await.expect(200)["ageing_bound"], 600);
    for wrong in ["0", "-1", "1209601", "soon"] {
        world.post(&queue, &[("AgeingBound", wrong)]).await.refused(400, 20001);
    }
    world.post(&queue, &[("FriendlyName", "Impatient")]).await.expect(200);
    assert_eq!(world.get(&ageing).await.expect(200)["ageing_bound"], 600);
    world.post(&queue, &[("AgeingBound", "")]).await.expect(200);
    assert_eq!(world.get(&ageing).await.expect(200)["ageing_bound"], Value::Null);
}
