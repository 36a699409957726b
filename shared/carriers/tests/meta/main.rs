//! Meta's carrier as it is seen from outside: the published vectors, and its stand-in.

#[cfg(test)]
mod connected;
#[cfg(test)]
#[path = "../twilio/reference.rs"]
mod reference;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod stub;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod vectors;
