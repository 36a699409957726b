//! Every operation of the Conversations, Messaging and Studio products and of the oldest API that matters is driven by the vendor's unmodified SDK: `tests/operations.md` says where, and
//! a row without a place fails. It is written by `UPDATE_OPERATIONS=1 cargo test -p switchboard-tests --test contract operations`.

use std::collections::BTreeMap;
use std::fs;

use switchboard_tests::{Schema, reference_text};

use crate::tree::{read, root};

const TABLE: &str = "tests/operations.md";
/// The oldest API, whose description is in two parts.
const OLDEST: &str = "api.v2010";
/// Interactions, whose participants and channels are not those of conversations.
const FLEX: &str = "flexApi.v1";
/// The products, each with its descriptions.
const PRODUCTS: [(&str, &[&str]); 7] = [
    ("conversations.v1", &["twilio_conversations_v1.json"]),
    ("messaging.v1", &["twilio_messaging_v1.json"]),
    ("messaging.v2", &["twilio_messaging_v2.json"]),
    ("messaging.v3", &["twilio_messaging_v3.json"]),
    ("studio.v2", &["twilio_studio_v2.json"]),
    (FLEX, &["twilio_flex_v1.json"]),
    (OLDEST, &["twilio_api_v2010_messages.json", "twilio_api_v2010_extras.json"]),
];
/// What is not built: what is of older desktops, of plugins and of reports; push notifications; registration with carriers, short links, words of one's own for opting out, and what
/// customers think of a message.
const PERIPHERAL: [&str; 18] = [
    "/v1/Credentials",
    "/Bindings",
    "/Configuration/Notifications",
    "/v1/a2p",
    "/v1/Deactivations",
    "/LinkShortening",
    "/Compliance",
    "/Tollfree",
    "/PreregisteredUsa2p",
    "/v3/OptOuts",
    "/Feedback",
    "/v1/Channels",
    "/v1/PluginService",
    "/v1/FlexFlows",
    "/v1/Insights",
    "/v1/account",
    "/v1/Account",
    "/v1/WebChannels",
];
/// Where the SDK calls a list of the path otherwise.
const ACCESSORS: [(&str, &str); 12] = [
    ("Channels/Senders", "channelsSenders"),
    ("Indicators/Typing", "typingIndicator"),
    ("Interactions", "interaction"),
    ("Addresses", "addressConfigurations"),
    ("ConversationWithParticipants", "conversationWithParticipants"),
    ("ParticipantConversations", "participantConversations"),
    ("Receipts", "deliveryReceipts"),
    ("Users/{}/Conversations", "userConversations"),
    ("Configuration", "configuration"),
    ("Flows/Validate", "flowValidate"),
    ("Executions/{}/Context", "executionContext"),
    ("Steps/{}/Context", "stepContext"),
];
/// What there is one of, of which the SDK names none.
const ONLY_ONES: [&str; 3] = ["Configuration", "Context", "TestUsers"];

/// The accessor behind what tells it from one of the same name: conversations have messages as well, and two versions show that
/// somebody types.
fn told_apart(product: &str, method: &str, (accessor, is_one): (&str, bool)) -> String {
    match (product, accessor) {
        (FLEX, "interaction" | "configuration") => format!("flexApi.v1.{accessor}"),
        (FLEX, "channels") => format!("interaction.{accessor}"),
        (FLEX, _) => format!("channel.{accessor}"),
        (OLDEST, "accounts" | "media") => accessor.to_owned(),
        (OLDEST, "keys") if method == "post" && !is_one => "client.newKeys".to_owned(),
        (OLDEST, _) => format!("client.{accessor}"),
        (_, "typingIndicator") => format!("client.{product}.{accessor}"),
        _ => accessor.to_owned(),
    }
}

/// What the SDK calls an operation: an accessor, whether one of a list is named, and the verb.
fn call_of(product: &str, method: &str, path: &str) -> (String, bool, &'static str) {
    let path = path.strip_suffix(".json").unwrap_or(path);
    let parts: Vec<&str> = path.split('/').skip(2).collect();
    let literals: Vec<&str> =
        parts.iter().map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
    let is_one = literals.last() == Some(&"{}");
    let list = &literals[..literals.len() - usize::from(is_one)];
    let name = list.last().copied().unwrap_or_default();
    let is_setting = ONLY_ONES.contains(&name) || list.ends_with(&["Configuration", "Webhooks"]);
    let known = ACCESSORS.iter().find(|(ending, _)| list.join("/").ends_with(ending));
    let accessor = match known {
        Some((_, accessor)) => (*accessor).to_owned(),
        None => name[..1].to_lowercase() + &name[1..],
    };
    let accessor = if is_setting && name == "Webhooks" { "hooks".to_owned() } else { accessor };
    let verb = match (method, is_one || is_setting) {
        ("get", true) => "fetch",
        // The SDK has no list of these: they come all at once.
        ("get", false) if name == "Usecases" => "fetch",
        ("get", false) => "list",
        ("post", false) if name == "Validate" => "update",
        ("post", true) => "update",
        ("post", false) => "create",
        _ => "remove",
    };
    let is_one = is_one || is_setting;
    (told_apart(product, method, (&accessor, is_one)), is_one, verb)
}

/// Where a text calls so: `roles.create(`, or `roles(…).fetch(` with whatever in between. What the client itself has is the oldest
/// API's and no other's: `client.messages` are none of a conversation's.
fn place_of(text: &str, (accessor, is_one, verb): &(String, bool, &str)) -> Option<usize> {
    text.match_indices(accessor.as_str()).map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back().unwrap_or(' ');
        let mut rest = &text[at + accessor.len()..];
        if *is_one {
            let mut depth = 0;
            let Some(end) = rest.find(|one| {
                depth += i32::from(one == '(') - i32::from(one == ')');
                depth == 0
            }) else {
                return false;
            };
            if end == 0 {
                return false;
            }
            rest = rest[end + 1..].trim_start();
        }
        let is_word = !before.is_alphanumeric() && before != '_';
        let is_the_clients = text[..*at].ends_with("client.");
        is_word
            && !is_the_clients
            && rest.strip_prefix('.').is_some_and(|it| it.starts_with(&format!("{verb}(")))
    })
}

/// The title of the story that a place is in.
fn story_at(text: &str, place: usize) -> Option<&str> {
    let (_, rest) = text[..place].rsplit_once("story(")?;
    let quote = rest.chars().next()?;
    rest[1..].split(quote).next()
}

/// The stories of the journey, by file.
fn journey() -> BTreeMap<String, String> {
    let files = fs::read_dir(root().join("tests/journey")).unwrap();
    let names = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let stories = names.filter(|name| name.ends_with(".test.mjs"));
    stories.map(|name| (name.clone(), read(&format!("tests/journey/{name}")))).collect()
}

/// The table as it has to be; a row has an empty cell where no story makes the call.
fn table(products: &[(&str, Vec<Schema>)]) -> (String, Vec<String>) {
    let stories = journey();
    let mut text = "# Operations, and the story that calls each by the SDK\n\n\
        Written by `UPDATE_OPERATIONS=1 cargo test -p switchboard-tests --test contract operations`. That each answers as it is \
        published, `tests/rest/conversations/published.rs` (with a service in the path and without) and `tests/rest/messaging` prove.\n"
        .to_owned();
    let mut empty = Vec::new();
    for (product, published) in products {
        text += &format!("\n## {product}\n\n| operation | call | story |\n|---|---|---|\n");
        for (method, path, _) in published.iter().flat_map(Schema::operations) {
            if PERIPHERAL.iter().any(|it| path.contains(it)) {
                continue;
            }
            let (row, found) = row(&stories, product, (&method, &path));
            empty.extend((!found).then(|| format!("{product}: {row}")));
            text += &row;
        }
    }
    (text, empty)
}

/// The row of an operation, and whether a story makes the call.
fn row(
    stories: &BTreeMap<String, String>,
    product: &str,
    (method, path): (&str, &str),
) -> (String, bool) {
    let call = call_of(product, method, path);
    let (accessor, is_one, verb) = &call;
    let found = stories.iter().find_map(|(file, story)| {
        let title = story_at(story, place_of(story, &call)?)?;
        Some(format!("{file}: {title}"))
    });
    let operation = format!("{} {path}", method.to_uppercase());
    let shown =
        if *is_one { format!("{accessor}(…).{verb}") } else { format!("{accessor}.{verb}") };
    let is_found = found.is_some();
    (format!("| `{operation}` | `{shown}` | {} |\n", found.unwrap_or_default()), is_found)
}

#[test]
fn every_operation_that_matters_is_in_a_story_of_the_sdk() {
    let open = |(product, files): (&'static str, &[&str])| {
        let published: Option<Vec<Schema>> = files.iter().map(|file| Schema::open(file)).collect();
        Some((product, published?))
    };
    let Some(products) = PRODUCTS.into_iter().map(open).collect::<Option<Vec<_>>>() else { return };
    let (table, empty) = table(&products);
    assert_eq!(empty, Vec::<String>::new(), "no story calls these");
    if std::env::var_os("UPDATE_OPERATIONS").is_some() {
        fs::write(root().join(TABLE), table).unwrap();
        return;
    }
    assert_eq!(read(TABLE), table, "run with UPDATE_OPERATIONS=1");
}

/// The operations that matter are those that the survey of the product says are used: its rows with their methods.
#[test]
fn every_operation_that_is_used_is_in_the_table() {
    let Some(survey) = reference_text("surface.md") else { return };
    let mut used = 0;
    let table = read(TABLE);
    for (product, _) in PRODUCTS {
        let (_, section) = table.split_once(&format!("## {product}\n")).expect("a section");
        let section = section.split("\n## ").next().unwrap_or_default();
        let rows = survey.lines().filter(|line| line.contains(&format!("`{product}.")));
        let matters = |row: &&str| row.starts_with("| CORE ") || row.starts_with("| USEFUL ");
        for row in rows.filter(matters) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let path = cells[2].trim_matches('`');
            if PERIPHERAL.iter().any(|it| path.contains(it)) {
                continue;
            }
            let methods = ["GET", "POST", "DELETE"].into_iter();
            for method in methods.filter(|method| cells[3].contains(method)) {
                assert!(section.contains(&format!("| `{method} {path}` |")), "{method} {path}");
                used += 1;
            }
        }
    }
    assert!(used >= 140, "{used} operations are used");
}

#[test]
fn a_call_is_found_in_its_story_and_another_verb_is_not() {
    let text = "story(\"one\", async () => {\n  await v1.roles(only(all).sid)\n    .update({});\n});\n\
        story(`two`, async () => { scope.roles.create({}); userRoles.list(); });";
    let role = |is_one, verb| place_of(text, &("roles".to_owned(), is_one, verb));
    assert_eq!(story_at(text, role(true, "update").unwrap()), Some("one"));
    assert_eq!(story_at(text, role(false, "create").unwrap()), Some("two"));
    assert_eq!((role(true, "fetch"), role(false, "list")), (None, None));
    let of_client = "story(\"one\", async () => { client.messages.list(); });";
    let list = |accessor: &str| place_of(of_client, &(accessor.to_owned(), false, "list"));
    assert_eq!((list("messages"), list("client.messages").is_some()), (None, true));
    let call = |method, path| call_of("conversations.v1", method, path);
    let path = "/v1/Services/{ChatServiceSid}/Users/{UserSid}/Conversations/{ConversationSid}";
    assert_eq!(call("delete", path), ("userConversations".to_owned(), true, "remove"));
    assert_eq!(call("post", "/v1/Roles"), ("roles".to_owned(), false, "create"));
    assert_eq!(call("get", "/v1/Configuration"), ("configuration".to_owned(), true, "fetch"));
    let oldest =
        |method, path: &str| call_of(OLDEST, method, &format!("/2010-04-01/Accounts{path}.json"));
    let one = |accessor: &str, verb| (accessor.to_owned(), true, verb);
    assert_eq!(oldest("post", "/{Sid}"), one("accounts", "update"));
    assert_eq!(
        oldest("get", "/{AccountSid}/SMS/ShortCodes/{Sid}"),
        one("client.shortCodes", "fetch")
    );
    let file = "/{AccountSid}/Messages/{MessageSid}/Media/{Sid}";
    assert_eq!(oldest("delete", file), one("media", "remove"));
    let made = oldest("post", "/{AccountSid}/Keys");
    assert_eq!(made, ("client.newKeys".to_owned(), false, "create"));
    let typing = call_of("messaging.v3", "post", "/v3/Indicators/Typing.json");
    assert_eq!(typing, ("client.messaging.v3.typingIndicator".to_owned(), false, "create"));
}
