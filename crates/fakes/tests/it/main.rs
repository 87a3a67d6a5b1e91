//! What `notify` asks the providers for is taken by their stand-ins, and what these refuse means what it should.

mod callbacks;
mod http;
mod mail;
mod requests;
