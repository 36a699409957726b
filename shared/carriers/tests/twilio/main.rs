//! The carrier as it is seen from outside: the published vectors, and sends over a real connection.

#[cfg(test)]
mod connected;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod stub;
#[cfg(test)]
mod vectors;
