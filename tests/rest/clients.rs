//! What the vendor's SDKs rely on, of every answer of every operation of every product (rules R.1 to R.4): a date that is
//! missing is now in Node, a page without `meta.key` cannot be read in Python, and neither follows a redirect or knows
//! another shape of error.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::Value;
use switchboard_tests::{ACCOUNT, Answered, Schema};

use crate::full::{Full, PUBLISHED, is_of};
use crate::world::HOST;

/// The members of a page's `meta`.
const META: [&str; 7] =
    ["first_page_url", "key", "next_page_url", "page", "page_size", "previous_page_url", "url"];
/// The members of a page of the oldest API, beside its list.
const PAGE_2010: [&str; 8] = [
    "end",
    "first_page_uri",
    "next_page_uri",
    "page",
    "page_size",
    "previous_page_uri",
    "start",
    "uri",
];
/// The members of an error.
const ERROR: [&str; 4] = ["code", "message", "more_info", "status"];

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text begins as a date of ISO 8601 does, with a time.
fn is_iso(text: &str) -> bool {
    text.len() >= 19
        && text.is_char_boundary(4)
        && is_digits(&text[..4])
        && text.as_bytes()[4] == b'-'
        && text.as_bytes()[10] == b'T'
}

/// Whether a text begins as a date of RFC 2822 does.
fn is_rfc_2822(text: &str) -> bool {
    ["Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, ", "Sun, "]
        .iter()
        .any(|day| text.starts_with(day))
}

/// Goes through an answer: every date is whole seconds, or null, in the form of its product.
fn dates(at: &str, value: &Value, problems: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let at = format!("{at} {name}");
                let is_date = name.starts_with("date_") && !name.ends_with("_url");
                // Pictures of tasks have seconds of the epoch.
                let has_form = member.is_null() || member.is_u64() || member.is_string();
                if is_date && !has_form {
                    problems.push(format!("{at} is {member}"));
                }
                dates(&at, member, problems);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| dates(at, item, problems)),
        Value::String(text) if is_iso(text) => {
            if at.starts_with("/api/") || text.len() != 20 || !text.ends_with('Z') {
                problems.push(format!("{at} is {text}"));
            }
        }
        Value::String(text) if is_rfc_2822(text) && !at.starts_with("/api/") => {
            problems.push(format!("{at} is {text}"));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The records of a page, and what is wrong with the page itself.
fn page<'a>(list: &str, page: &'a Value, problems: &mut Vec<String>) -> &'a [Value] {
    let arrays = page.as_object().unwrap().values().filter(|member| member.is_array()).count();
    let (key, expected, links): (_, BTreeSet<&str>, Vec<&Value>) = match page["meta"]["key"]
        .as_str()
    {
        Some(key) => {
            if names(&page["meta"]) != BTreeSet::from(META) {
                problems.push(format!("{list} has the meta {}", page["meta"]));
            }
            let links =
                META.iter().filter(|name| name.ends_with("url")).map(|name| &page["meta"][name]);
            (key, BTreeSet::from([key, "meta"]), links.collect())
        }
        None => {
            let key =
                names(page).into_iter().find(|name| page[*name].is_array()).unwrap_or_default();
            let mut expected = BTreeSet::from(PAGE_2010);
            expected.insert(key);
            let links =
                PAGE_2010.iter().filter(|name| name.ends_with("uri")).map(|name| &page[name]);
            (key, expected, links.collect())
        }
    };
    if names(page) != expected
        || arrays != 1
        || list.starts_with("/api/") == page["meta"].is_object()
    {
        problems.push(format!("{list} has the members {:?}", names(page)));
    }
    let start = if list.starts_with("/api/") { "/2010-04-01/" } else { "https://example.com/" };
    for link in links.into_iter().filter(|link| !link.is_null()) {
        if !link.as_str().is_some_and(|link| link.starts_with(start)) {
            problems.push(format!("{list} leads to {link}"));
        }
    }
    page[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Where a record says that it is.
fn place(record: &Value) -> Option<String> {
    match (record["url"].as_str(), record["uri"].as_str()) {
        (Some(url), _) => Some(url.strip_prefix(HOST).unwrap_or(url).to_owned()),
        (None, Some(uri)) => Some(format!("/api{uri}")),
        (None, None) => None,
    }
}

/// Where a record is that does not say so: keys have no address of their own.
fn place_in(list: &str, record: &Value) -> Option<String> {
    let list = list.split('?').next()?.strip_suffix(".json")?;
    Some(format!("{list}/{}.json", record["sid"].as_str()?))
}

/// Where the links of a record lead; one with a place to fill in leads nowhere.
fn links_of(record: &Value) -> Vec<String> {
    let links = record["links"].as_object().into_iter().flatten();
    let links = links.filter_map(|(_, link)| link.as_str()?.strip_prefix(HOST));
    links.filter(|link| !link.contains('{')).map(str::to_owned).collect()
}

/// The published descriptions, each with the path that its product has here.
fn published() -> Option<Vec<(Schema, &'static str)>> {
    PUBLISHED.iter().map(|(file, product)| Some((Schema::open(file)?, *product))).collect()
}

/// What of an answer is not as it is published: a member that is missing above all.
fn unlike(all: &[(Schema, &str)], method: &str, path: &str, answered: &Answered) -> Vec<String> {
    let mut problems = Vec::new();
    for (schema, product) in all {
        let operations = schema.operations().into_iter().filter(|(how, template, _)| {
            how == method && is_of(path, &format!("{product}{template}"))
        });
        // A literal wins over a variable.
        let Some((_, template, _)) =
            operations.min_by_key(|(_, path, _)| path.matches('{').count())
        else {
            continue;
        };
        if !schema.statuses(method, &template).contains(&answered.status) {
            problems.push(format!("{method} {path} is answered with {}", answered.status));
        } else if method != "delete" {
            problems.extend(schema.problems(method, &template, answered.status, &answered.body));
        }
    }
    problems
}

/// Walks the operations of a bundle that has some of everything, and keeps what is wrong with their answers.
struct Walk {
    full: Full,
    published: Vec<(Schema, &'static str)>,
    problems: Vec<String>,
    /// Where everything is that was shown, and as what.
    places: BTreeMap<String, Value>,
}

impl Walk {
    /// What no description has: connections to carriers, and how endpoints are called. It is read by the same clients.
    async fn ours(&mut self) {
        let connection = [
            ("Carrier", "twilio"),
            ("AccountSid", "AC50000000000000000000000000000000"),
            ("AuthToken", "0123456789-first-token"),
        ];
        let endpoint = [("Url", "https://example.com/told"), ("StandardWebhooks", "true")];
        for (list, form) in
            [("/carriers/v1/Connections", &connection[..]), ("/webhooks/v1/Endpoints", &endpoint)]
        {
            self.full.world.post(list, form).await.ok();
            self.full.lists.push(list.to_owned());
        }
        self.full.lists.push("/webhooks/v1/Deliveries".to_owned());
    }

    async fn lists(&mut self) {
        for list in &self.full.lists {
            let separator = if list.contains('?') { '&' } else { '?' };
            // Both SDKs ask for as much as their caller wants, and ask no less when that is refused.
            let answered = self.full.world.get(&format!("{list}{separator}PageSize=2500")).await;
            if answered.status != 200 {
                self.problems.push(format!("{list} with PageSize=2500: {}", answered.status));
                continue;
            }
            self.problems.extend(unlike(&self.published, "get", list, &answered));
            dates(list, &answered.body, &mut self.problems);
            let records = page(list, &answered.body, &mut self.problems);
            let first = records.first().map(names).unwrap_or_default();
            for record in records {
                if names(record) != first {
                    let problem = format!("{list} has {first:?} and {:?}", names(record));
                    self.problems.push(problem);
                }
                let place = place(record).or_else(|| place_in(list, record));
                self.places.extend(place.map(|place| (place, record.clone())));
            }
        }
    }

    async fn changes(&mut self) {
        for (path, form) in &self.full.posts {
            let form: Vec<(&str, &str)> =
                form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let answered = self.full.world.post(path, &form).await;
            let is_right = matches!(answered.status, 200..=203) && answered.body.is_object();
            if !is_right {
                self.problems.push(format!("{path}: {} {}", answered.status, answered.body));
                continue;
            }
            self.problems.extend(unlike(&self.published, "post", path, &answered));
            dates(path, &answered.body, &mut self.problems);
            // What a flow was checked for, and what was worked out, is nowhere.
            let place = place(&answered.body).filter(|place| place.starts_with('/'));
            self.places.extend(place.map(|place| (place, answered.body.clone())));
        }
    }

    /// Fetches everything that is somewhere. What a page shows is all that there is to it.
    async fn fetches(&mut self) {
        for (place, record) in &self.places {
            let answered = self.full.world.get(place).await;
            if answered.status == 404 {
                continue;
            }
            self.problems.extend(unlike(&self.published, "get", place, &answered));
            dates(place, &answered.body, &mut self.problems);
            if names(&answered.body) != names(record) {
                let (one, other) = (names(&answered.body), names(record));
                self.problems.push(format!("{place} has {one:?}, and was shown with {other:?}"));
            }
        }
    }

    /// Follows every link of everything, and of conversations, users and roles as they are below their service. What leads
    /// nowhere yet is not found, as ever.
    async fn links(&mut self) {
        let settings = self.full.world.get("/conversations/v1/Configuration").await.expect(200);
        let service = settings["default_chat_service_sid"].as_str().unwrap().to_owned();
        let mut left: Vec<String> = self.places.values().flat_map(links_of).collect();
        let of_service = |place: &String| {
            let (product, rest) = place.split_once("/v1/")?;
            let is_in_one =
                ["Conversations", "Roles", "Users"].iter().any(|it| rest.starts_with(it));
            let below = format!("{product}/v1/Services/{service}/{rest}");
            (product == "/conversations" && is_in_one).then_some(below)
        };
        left.extend(self.places.keys().filter_map(of_service));
        left.push(format!("/api/2010-04-01/Accounts/{ACCOUNT}.json"));
        let mut known: BTreeSet<String> = self.places.keys().cloned().collect();
        while let Some(path) = left.pop() {
            if !known.insert(path.clone()) {
                continue;
            }
            let answered = self.full.world.get(&path).await;
            match answered.status {
                200 => {
                    self.problems.extend(unlike(&self.published, "get", &path, &answered));
                    dates(&path, &answered.body, &mut self.problems);
                    left.extend(links_of(&answered.body));
                }
                400..=499 if names(&answered.body) == BTreeSet::from(ERROR) => {}
                status => self.problems.push(format!("{path}: {status} {}", answered.body)),
            }
        }
    }

    /// Removes what can be removed, inner things first; how many were, and how many were not.
    async fn removals(&mut self) -> (usize, usize) {
        let (mut gone, mut kept) = (0, 0);
        for place in self.places.keys().rev() {
            let answered = self.full.world.delete(place).await;
            match answered.status {
                204 if answered.body.is_null() => gone += 1,
                400..=499 if names(&answered.body) == BTreeSet::from(ERROR) => kept += 1,
                status => {
                    self.problems.push(format!("delete {place}: {status} {}", answered.body));
                }
            }
        }
        (gone, kept)
    }
}

#[tokio::test]
async fn every_answer_is_what_the_sdks_can_read() {
    let full = Full::open().await;
    let Some(published) = published() else { return };
    let mut walk = Walk { full, published, problems: Vec::new(), places: BTreeMap::new() };
    walk.ours().await;
    walk.lists().await;
    walk.changes().await;
    walk.fetches().await;
    walk.links().await;
    let (gone, kept) = walk.removals().await;
    assert!(gone > 30 && kept > 0 && walk.places.len() > 60, "{gone}, {kept} of {:?}", walk.places);
    let Walk { full, published, mut problems, .. } = walk;
    problems.sort();
    problems.dedup();
    assert_eq!(problems, Vec::<String>::new(), "{} things are amiss", problems.len());
    let has_asked = |schema: &Schema, product: &str, (method, template): (&str, &str)| {
        let path = format!("{product}{template}");
        schema
            .statuses(method, template)
            .iter()
            .any(|it| full.world.has_answered(method, &path, *it))
    };
    let all = published.iter().flat_map(|(schema, product)| {
        schema.operations().into_iter().map(move |operation| (schema, *product, operation))
    });
    let asked = all.filter(|(schema, product, (method, template, _))| {
        has_asked(schema, product, (method, template))
    });
    let asked = asked.count();
    assert!(asked >= 181, "only {asked} published operations were asked for something");
}

#[tokio::test]
async fn a_name_with_brackets_is_refused_by_every_operation_with_its_cause() {
    let full = Full::open().await;
    for (path, form) in &full.posts {
        let mut spread: Vec<(&str, &str)> =
            form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        spread.push(("Attributes[a]", "1"));
        let words = full.world.post(path, &spread).await.refused(400, 20001);
        assert!(
            words.contains("Attributes[a]") && words.contains("JSON.stringify"),
            "{path}: {words}"
        );
    }
    for list in &full.lists {
        let separator = if list.contains('?') { '&' } else { '?' };
        let words =
            full.world.get(&format!("{list}{separator}Type%5B0%5D=x")).await.refused(400, 20001);
        assert!(words.contains("Type[0]") && words.contains("repeating Type"), "{list}: {words}");
    }
}

/// Python's SDK sends the names of a dictionary's members in its place, Node's `[object Object]` if it was made text.
#[tokio::test]
async fn what_is_no_json_is_refused_by_every_operation_that_takes_attributes_with_the_cause() {
    let full = Full::open().await;
    let Some(published) = published() else { return };
    let mut tried = BTreeSet::new();
    for (schema, product) in &published {
        for (method, template, _) in schema.operations() {
            let form = schema.form(&method, &template);
            if method != "post" || !form.contains("Attributes") {
                continue;
            }
            let template = format!("{product}{template}");
            for (path, form) in full.posts.iter().filter(|(path, _)| is_of(path, &template)) {
                for wrong in ["a", "[object Object]", "{'a': 1}"] {
                    let mut form: Vec<(&str, &str)> =
                        form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                    form.retain(|(name, _)| *name != "Attributes");
                    form.push(("Attributes", wrong));
                    let answered = full.world.post(path, &form).await;
                    assert_eq!(answered.status, 400, "{path} {wrong}");
                    let words = answered.text("message");
                    assert!(
                        words.contains("Attributes") && words.contains("json.dumps"),
                        "{path}: {words}"
                    );
                    tried.insert(template.clone());
                }
            }
        }
    }
    assert!(tried.len() >= 10, "{tried:#?}");
}

/// One operation of each function, which asks a table for something.
fn one_of_each() -> [(Method, String); 6] {
    [
        (Method::GET, "/conversations/v1/Conversations".to_owned()),
        (Method::GET, "/taskrouter/v1/Workspaces".to_owned()),
        (Method::GET, "/studio/v2/Flows".to_owned()),
        (Method::GET, "/messaging/v1/Services".to_owned()),
        (Method::GET, format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json")),
        (Method::GET, "/carriers/v1/Connections".to_owned()),
    ]
}

#[tokio::test]
async fn an_error_has_its_body_whatever_it_comes_from() {
    let world = crate::world::World::ticking("taskrouter-api", "").await;
    for (method, path) in one_of_each() {
        let send = |path: String, method: Method| {
            let world = &world;
            async move { world.send(method, &path, &[], &[]).await }
        };
        world.break_the_next();
        let broken = send(path.clone(), method.clone()).await;
        assert_eq!(
            (broken.refusal(), names(&broken.body)),
            ((500, 20500), BTreeSet::from(ERROR)),
            "{path}"
        );
        assert!(!broken.text("message").contains("bug"), "what it says is for the log");
        assert_eq!(send(path.clone(), method.clone()).await.status, 200, "the next one is well");
        world.throttles(true);
        let busy = send(path.clone(), method).await;
        world.throttles(false);
        assert_eq!(
            (busy.refusal(), names(&busy.body)),
            ((503, 20503), BTreeSet::from(ERROR)),
            "{path}"
        );
        for (method, path, expected) in [
            (Method::PUT, path.clone(), (405, 20004)),
            (
                Method::GET,
                format!("{}/nothing/of/the/kind", path.trim_end_matches(".json")),
                (404, 20404),
            ),
        ] {
            let refused = send(path.clone(), method).await;
            assert_eq!(
                (refused.refusal(), names(&refused.body)),
                (expected, BTreeSet::from(ERROR)),
                "{path}"
            );
        }
        let stranger = world.get_as("nobody", "nothing", &path).await;
        assert_eq!(
            (stranger.refusal(), names(&stranger.body)),
            ((401, 20003), BTreeSet::from(ERROR))
        );
    }
}
