//! How often conversations, users and roles of a service are made and removed (rule H): what no conversation counts by itself.

use switchboard_rest::{ApiError, Call, Method};

use crate::scope::Scope;

/// Counts a request, if its kind is limited, and refuses it if there are too many.
pub(crate) async fn keep(call: &Call<'_>, scope: &Scope, path: &[&str]) -> Result<(), ApiError> {
    let (Some(limit), Some(what)) =
        (call.on.config.rate_limits.service(), counted(call.method, path))
    else {
        return Ok(());
    };
    let service = scope.service_sid(call).await?;
    Ok(call.on.count(&format!("{service}#{what}"), Some(limit)).await?)
}

/// What a request is counted as. Whatever else changes something is of one conversation, which counts it.
fn counted(method: Method, path: &[&str]) -> Option<&'static str> {
    match (method, path) {
        (Method::Post, ["Conversations" | "ConversationWithParticipants"]) => Some("Conversations"),
        (Method::Delete, ["Conversations", _]) => Some("Removals"),
        (Method::Post | Method::Delete, ["Users"] | ["Users", _]) => Some("Users"),
        (Method::Post | Method::Delete, ["Roles"] | ["Roles", _]) => Some("Roles"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_and_removed_in_a_service_is_counted_and_nothing_else() {
        use Method::{Delete, Get, Post};
        for (method, path, expected) in [
            (Post, &["Conversations"][..], Some("Conversations")),
            (Post, &["ConversationWithParticipants"], Some("Conversations")),
            (Delete, &["Conversations", "CH"], Some("Removals")),
            (Post, &["Users"], Some("Users")),
            (Post, &["Users", "US"], Some("Users")),
            (Delete, &["Roles", "RL"], Some("Roles")),
            (Get, &["Users"], None),
            (Get, &["Conversations"], None),
            (Post, &["Conversations", "CH"], None),
            (Post, &["Conversations", "CH", "Messages"], None),
            (Delete, &["Conversations", "CH", "Participants", "MB"], None),
            (Post, &["Users", "US", "Conversations", "CH"], None),
        ] {
            assert_eq!(counted(method, path), expected, "{method:?} {path:?}");
        }
    }
}
