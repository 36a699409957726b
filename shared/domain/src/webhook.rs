//! Calls of customers' endpoints: what is kept of each ([`attempt`]), when it is made again ([`schedule`]), how an endpoint
//! is set up and how it fares over days ([`endpoint`]), and what its URL says of the connection ([`overrides`]).
//!
//! ```text
//!  event ──first attempt, in order──▶ taken ─────────────────▶ delivered
//!                 │ failed                                        ▲
//!                 ▼                                               │ taken
//!              waits for its next attempt, out of order ──────────┤
//!                 │ twelve attempts, or no use, or switched off   │
//!                 ▼                                               │
//!              failed ──replayed by REST──▶ waits ────────────────┘
//! ```

pub mod attempt;
pub mod endpoint;
pub mod overrides;
pub mod retry_after;
pub mod schedule;

pub use attempt::{Ended, Outcome, Place, Try, WebhookAttempt};
pub use endpoint::{Algorithm, Format, SharedKey, SigningSecret, WebhookEndpoint};
