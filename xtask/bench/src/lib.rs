//! The load that measurements share: recorded posts, made into as many as are wanted.

pub mod posts;
