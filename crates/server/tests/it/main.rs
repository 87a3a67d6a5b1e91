//! The binary `crisislens` from outside: each test starts its own server in its own data folder and speaks HTTP,
//! WebSocket and server-sent events to it, as people and programs do.

mod accounts;
mod alerts;
mod answer;
mod attacks;
mod away;
mod bad_input;
mod bad_requests;
mod cli;
mod cli_dlq;
mod cluster;
mod compose;
mod follower;
mod ingest;
mod items;
mod kill;
mod letters;
mod live_access;
mod live_rooms;
mod log_away;
mod log_view;
mod operators;
mod operators_cluster;
mod partitions;
mod poison;
mod redrive;
mod resume;
mod revocation;
mod roles;
mod site;
mod socket;
mod sse;
mod stop;
mod stranded;
mod support;
