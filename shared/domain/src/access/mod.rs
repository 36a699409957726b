//! Who may do what: API keys and their rights (rule F.1), and who holds an access token (rule F.2).

mod key;
mod policy;
mod token;

pub use self::key::{ALLOWED_MAX, ApiKey, Digest, Rights};
pub use self::policy::{Action, Assertion, Denied, NoAssertion, Wanted};
pub use self::token::{Holder, LEEWAY_S, TOKEN_BYTES_MAX, TTL_S_MAX, TokenClaims, TokenHeader};
