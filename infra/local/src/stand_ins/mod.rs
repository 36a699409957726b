//! What stands in for the outside world on this machine: a carrier, and the endpoints of customers.

pub(crate) mod endpoint;
pub mod stub_carrier;
