//! The id that the brokers gave a member of a group. The Rust client does not hand it out, so it is asked of librdkafka itself;
//! nothing else here does that.

use std::ffi::CStr;

use rdkafka::bindings::{rd_kafka_mem_free, rd_kafka_memberid};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};

/// The id of this member in its group; `None` while it has none: before the brokers let it in, and once it has left.
#[expect(unsafe_code, reason = "the Rust client has no call for it")]
pub(super) fn member_id<C: ConsumerContext>(consumer: &BaseConsumer<C>) -> Option<String> {
    let client = consumer.client().native_ptr();
    // SAFETY: `consumer` keeps the client alive, and the call may come from any thread. It answers null, or a string that ends
    // with a zero byte and is ours, which is copied and then given back to the allocator that it came from.
    let id = unsafe {
        let id = rd_kafka_memberid(client);
        if id.is_null() {
            return None;
        }
        let copied = CStr::from_ptr(id).to_string_lossy().into_owned();
        rd_kafka_mem_free(client, id.cast());
        copied
    };
    Some(id).filter(|id| !id.is_empty())
}
