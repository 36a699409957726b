//! The product as its callers see it: requests go in, answers come out, records are in an embedded table.

#[cfg(test)]
mod configuring;
#[cfg(test)]
mod conformity;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod reserving;
#[cfg(test)]
mod staffing;
#[cfg(test)]
mod tasking;
#[cfg(test)]
mod world;
