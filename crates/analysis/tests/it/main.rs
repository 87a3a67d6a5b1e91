//! Behaviour of the analyser seen from outside, one binary. `cfg(test)` tells clippy that helpers are tests, too.

#[cfg(test)]
mod analyze;
#[cfg(test)]
mod backing;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod classes;
#[cfg(test)]
mod duplicates;
#[cfg(test)]
mod evaluation;
#[cfg(test)]
mod framing;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod incidents;
#[cfg(test)]
mod make;
#[cfg(test)]
mod membership;
#[cfg(test)]
mod namesakes;
#[cfg(test)]
mod places;
#[cfg(test)]
mod properties;
mod put_right;
#[cfg(test)]
mod risk_of_incidents;
#[cfg(test)]
mod sameness;
