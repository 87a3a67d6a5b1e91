//! The cases that are measured: how many connections in how many rooms, and what is published to them.

use clap::ValueEnum;

/// How messages are published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    /// So many messages a second over all rooms, at even distances.
    Rate(f64),
    /// As fast as so many published and not yet everywhere received messages allow.
    Window(u64),
    /// Not at all: the connections rest.
    Idle,
}

/// One case.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The letter or word it goes by.
    pub name: &'static str,
    /// Subscribers.
    pub connections: usize,
    /// Rooms that they are spread over evenly.
    pub rooms: usize,
    /// What is published.
    pub load: Load,
    /// Publishers over HTTP, each with a connection of its own.
    pub publishers: usize,
    /// Bytes of one message, its marker included; at least [`crate::marker::LENGTH`].
    pub message_bytes: usize,
    /// What happens to it, and so how it is measured.
    pub subject: Subject,
}

/// What a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// What a delivery or a connection costs.
    Cost,
    /// How long a post takes from being taken to being seen; ours does with it all that it does with posts.
    Latency,
    /// What others notice of a reader that stops reading.
    Stuck,
    /// How long all take to have missed nothing after the server was killed.
    Storm,
}

/// A case by its letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Letter {
    /// 1,000 connections in one room, 20 messages/s: what one delivery costs
    A,
    /// 1,000 in 100 rooms, 2,000 messages/s: what ingest and small rooms cost
    B,
    /// 5,000 in one room, 4 messages/s: the same as a with cold sockets
    C,
    /// 5,000 in 100 rooms, 400 messages/s
    D,
    /// 1,000 in one room, flat out with 4 messages in flight
    S,
    /// 1,000 in one room, flat out with 64 messages in flight
    W,
    /// 10,000 in 1,000 rooms that rest: memory of a connection, processor time of a join
    I,
    /// 1,000 in one room, 200 posts/s through the whole pipeline: from the acknowledgement to the frame
    Latency,
    /// 1,000 in one room, 100 messages/s of 4,000 bytes, with and without a reader that stops reading
    Stuck,
    /// 10,000 in one room, 5 messages/s, and the server is killed and started again
    Storm,
}

/// Bytes of a message where nothing else is said.
const MESSAGE_BYTES: usize = 200;
/// Bytes of a message that stands for a post: what a `new_item` frame of ours has on average.
const POST_BYTES: usize = 1_500;
/// Bytes of a message that fills a socket within seconds.
const FILLING_BYTES: usize = 4_000;

impl Letter {
    /// What it stands for.
    pub const fn case(self) -> Case {
        let (name, connections, rooms, load, publishers) = match self {
            Self::A => ("a", 1_000, 1, Load::Rate(20.0), 1),
            Self::B => ("b", 1_000, 100, Load::Rate(2_000.0), 20),
            Self::C => ("c", 5_000, 1, Load::Rate(4.0), 1),
            Self::D => ("d", 5_000, 100, Load::Rate(400.0), 10),
            Self::S => ("s", 1_000, 1, Load::Window(4), 4),
            Self::W => ("w", 1_000, 1, Load::Window(64), 16),
            Self::I => ("i", 10_000, 1_000, Load::Idle, 0),
            Self::Latency => ("latency", 1_000, 1, Load::Rate(200.0), 8),
            Self::Stuck => ("stuck", 1_000, 1, Load::Rate(100.0), 4),
            Self::Storm => ("storm", 10_000, 1, Load::Rate(5.0), 1),
        };
        let (message_bytes, subject) = match self {
            Self::Latency => (POST_BYTES, Subject::Latency),
            Self::Stuck => (FILLING_BYTES, Subject::Stuck),
            Self::Storm => (MESSAGE_BYTES, Subject::Storm),
            _ => (MESSAGE_BYTES, Subject::Cost),
        };
        Case { name, connections, rooms, load, publishers, message_bytes, subject }
    }
}

impl Case {
    /// Streams of messages: each is published by one publisher, and so in order. A room has several where there are
    /// fewer rooms than publishers.
    pub fn streams(&self) -> usize {
        self.publishers.div_ceil(self.rooms).max(1) * self.rooms
    }

    /// The room that a stream goes to.
    pub const fn room_of(&self, stream: usize) -> usize {
        stream % self.rooms
    }

    /// Whether single writes cannot be avoided: messages come too seldom to be put together.
    pub const fn is_sparse(&self) -> bool {
        // 200 posts/s to 1,000 people are as many deliveries as one core has time for one by one.
        matches!((self.load, self.subject), (Load::Rate(_) | Load::Idle, Subject::Cost | Subject::Storm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_publisher_has_a_stream_and_every_room_as_many_as_the_others() {
        for letter in Letter::value_variants() {
            let case = letter.case();
            assert!(case.streams() >= case.publishers);
            assert_eq!(case.streams() % case.rooms, 0);
            assert_eq!(case.connections % case.rooms, 0, "rooms of one size: the window counts on it");
            assert!(case.message_bytes >= crate::marker::LENGTH);
        }
    }
}
