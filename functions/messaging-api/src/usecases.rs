//! What a messaging service can be for (rule E.1).

use serde_json::{Value, json};
use switchboard_rest::{Answer, Call, Reply};

/// The words of `Usecase`, each with what it means to people.
pub(crate) const USECASES: [(&str, &str, &str); 6] = [
    (
        "notifications",
        "Notifications",
        "Tell customers what they want to know: orders, visits, alarms.",
    ),
    ("marketing", "Marketing", "Tell customers of offers and news."),
    ("verification", "Verification", "Check who somebody is, by a code that is used once."),
    ("discussion", "Discussion", "Talk with customers: questions, help, sales."),
    ("poll", "Poll", "Ask customers for their opinion."),
    ("undeclared", "Undeclared", "Not said, or something else."),
];

/// `GET /v1/Services/Usecases`.
pub(crate) fn fetch(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let usecases = USECASES.map(|(usecase, description, purpose)| {
        json!({ "usecase": usecase, "description": description, "purpose": purpose })
    });
    Ok(Reply::ok(json!({ "usecases": Value::from(usecases.to_vec()) })))
}
