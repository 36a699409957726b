//! The product over an embedded database: what the operations do, and that they answer as published.

#[cfg(test)]
mod conversations;
#[cfg(test)]
mod inside;
#[cfg(test)]
mod lookup;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod published;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod world;
