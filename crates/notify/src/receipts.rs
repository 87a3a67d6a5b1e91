//! What providers tell of a message after they took it, and where a delivery stands for it: whatever comes twice, late or out of order,
//! the end is the same.

use std::collections::BTreeMap;

use crisislens_model::{DeliveryStatus, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Why SendGrid drops what is to an address of its own lists. Its other reasons are the sender's fault.
const ABOUT_THE_ADDRESS: [&str; 4] =
    ["Bounced Address", "Unsubscribed Address", "Spam Reporting Address", "Invalid"];

/// One thing that a provider tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The same for what is told again.
    pub key: String,
    /// The delivery, where the provider repeats it.
    pub delivery: Option<String>,
    /// The provider's name for the message, where it says it.
    pub message: Option<String>,
    /// The address, where it says it.
    pub to: Option<String>,
    /// The provider's word for what happened.
    pub event: String,
    /// What that means for the delivery; none where it says nothing of it.
    pub status: Option<DeliveryStatus>,
    /// Why, in the provider's words.
    pub why: Option<String>,
    /// Whether nothing more is to be sent to the address.
    pub ends_address: bool,
    /// When it happened, if the provider says so.
    pub at: Option<Timestamp>,
}

/// Where a delivery stands for what was told of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    told: BTreeMap<String, (Option<DeliveryStatus>, Option<String>)>,
}

impl Standing {
    /// Takes what was told; whether it is new.
    pub fn take(&mut self, receipt: &Receipt) -> bool {
        let told = self.told.entry(receipt.key.clone());
        let is_new = matches!(told, std::collections::btree_map::Entry::Vacant(_));
        // A repeat may lack what the first had.
        let (status, why) = told.or_default();
        *status = (*status).max(receipt.status);
        if receipt.why > *why {
            why.clone_from(&receipt.why);
        }
        is_new
    }

    /// The highest that anything has told beside `ours`, with the reason that came with it.
    #[must_use]
    pub fn status(&self, ours: DeliveryStatus) -> (DeliveryStatus, Option<&str>) {
        let told = self.told.values().filter_map(|(status, why)| Some(((*status)?, why.as_deref())));
        told.max().filter(|(status, _)| *status > ours).unwrap_or((ours, None))
    }
}

/// The events of one request of SendGrid's webhook, in its order. Those that tell of accounts and not of mails are left out.
///
/// # Errors
/// It is no array of events.
pub fn of_sendgrid(body: &[u8]) -> Result<Vec<Receipt>, serde_json::Error> {
    let events: Vec<serde_json::Map<String, Value>> = serde_json::from_slice(body)?;
    Ok(events.iter().filter_map(sendgrid).collect())
}

fn sendgrid(event: &serde_json::Map<String, Value>) -> Option<Receipt> {
    let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
    let kind = text("event")?;
    let to = text("email")?;
    let message = text("sg_message_id");
    let second = event.get("timestamp").and_then(Value::as_i64).unwrap_or_default();
    let why = text("reason").or_else(|| text("response"));
    let is_soft = text("type").as_deref() == Some("blocked");
    let (status, ends_address) = match kind.as_str() {
        "processed" | "deferred" => (Some(DeliveryStatus::Sent), false),
        "delivered" => (Some(DeliveryStatus::Delivered), false),
        "bounce" => (Some(DeliveryStatus::Failed), !is_soft),
        "dropped" => {
            let reason = why.as_deref().unwrap_or_default().trim();
            // The provider's own list says no: ours is to say so, too.
            let is_listed = ABOUT_THE_ADDRESS.iter().any(|one| one.eq_ignore_ascii_case(reason));
            if !is_listed {
                let delivery = text("delivery_id").unwrap_or_default();
                tracing::error!(reason, delivery, "SendGrid dropped a message, and not for its address");
            }
            (Some(DeliveryStatus::Failed), is_listed)
        }
        "open" | "click" => (Some(DeliveryStatus::Read), false),
        "spamreport" | "unsubscribe" | "group_unsubscribe" => (None, true),
        _ => (None, false),
    };
    // An event's own id may change when it is told again, and may be missing.
    let key = hash(&[
        message.as_deref().unwrap_or(&to),
        &kind,
        &second.to_string(),
        why.as_deref().unwrap_or_default(),
    ]);
    Some(Receipt {
        key,
        delivery: text("delivery_id"),
        // What stands before the first dot is what the answer to the request named.
        message: message.map(|id| id.split('.').next().unwrap_or_default().to_owned()),
        to: Some(to),
        event: kind,
        status,
        why,
        ends_address,
        at: Timestamp::from_second(second).ok().filter(|_| second > 0),
    })
}

/// A status callback of Twilio's; none where the form is of something else.
#[must_use]
pub fn of_twilio(form: &[(String, String)]) -> Option<Receipt> {
    let field = |name: &str| form.iter().find(|(one, _)| one == name).map(|(_, value)| value.clone());
    let message = field("MessageSid").or_else(|| field("SmsSid"))?;
    let event = field("MessageStatus").or_else(|| field("SmsStatus"))?;
    let code = field("ErrorCode").filter(|code| !code.is_empty() && code != "0");
    let status = match event.as_str() {
        "accepted" | "scheduled" | "queued" | "sending" | "sent" => Some(DeliveryStatus::Sent),
        "delivered" | "partially_delivered" => Some(DeliveryStatus::Delivered),
        "undelivered" | "failed" | "canceled" => Some(DeliveryStatus::Failed),
        "read" => Some(DeliveryStatus::Read),
        _ => None,
    };
    let number = code.as_deref().and_then(|code| code.parse().ok());
    let meaning = number.and_then(|code| crate::provider::twilio::meaning(code, String::new()));
    Some(Receipt {
        key: hash(&[&message, &event]),
        delivery: None,
        message: Some(message),
        to: field("To"),
        event,
        status,
        why: code.map(|code| format!("error {code}")),
        ends_address: matches!(meaning, Some(crate::provider::Outcome::Suppress { .. })),
        at: None,
    })
}

fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn mail(event: &str, more: Value) -> Value {
        let mut mail = json!({ "email": "ada@example.org", "event": event, "timestamp": 100, "sg_message_id": "M.filter1.0", "delivery_id": "d-1" });
        mail.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        mail
    }

    fn one(event: &Value) -> Receipt {
        of_sendgrid(json!([event]).to_string().as_bytes()).unwrap().remove(0)
    }

    #[test]
    fn sendgrids_words_mean_what_they_do() {
        for (event, more, status, ends) in [
            ("processed", json!({}), Some(DeliveryStatus::Sent), false),
            ("deferred", json!({ "response": "451 later" }), Some(DeliveryStatus::Sent), false),
            ("delivered", json!({}), Some(DeliveryStatus::Delivered), false),
            (
                "bounce",
                json!({ "type": "bounce", "reason": "550 5.1.1" }),
                Some(DeliveryStatus::Failed),
                true,
            ),
            ("bounce", json!({ "type": "blocked", "reason": "421" }), Some(DeliveryStatus::Failed), false),
            ("dropped", json!({ "reason": "Bounced Address" }), Some(DeliveryStatus::Failed), true),
            ("dropped", json!({ "reason": "Unsubscribed Address" }), Some(DeliveryStatus::Failed), true),
            ("dropped", json!({ "reason": "Spam Reporting Address" }), Some(DeliveryStatus::Failed), true),
            ("dropped", json!({ "reason": "Invalid" }), Some(DeliveryStatus::Failed), true),
            ("dropped", json!({ "reason": "Invalid SMTPAPI header" }), Some(DeliveryStatus::Failed), false),
            (
                "dropped",
                json!({ "reason": "Recipient List over Package Quota" }),
                Some(DeliveryStatus::Failed),
                false,
            ),
            (
                "dropped",
                json!({ "reason": "Spam Content (if Spam Checker app is enabled)" }),
                Some(DeliveryStatus::Failed),
                false,
            ),
            ("dropped", json!({ "reason": "" }), Some(DeliveryStatus::Failed), false),
            ("dropped", json!({}), Some(DeliveryStatus::Failed), false),
            ("open", json!({}), Some(DeliveryStatus::Read), false),
            ("spamreport", json!({}), None, true),
            ("unsubscribe", json!({}), None, true),
            ("something_new", json!({}), None, false),
        ] {
            let receipt = one(&mail(event, more));
            assert_eq!((receipt.status, receipt.ends_address), (status, ends), "{event}");
            assert_eq!((receipt.delivery.as_deref(), receipt.message.as_deref()), (Some("d-1"), Some("M")));
        }
        assert!(of_sendgrid(b"{}").is_err() && of_sendgrid(b"").is_err());
        assert_eq!(of_sendgrid(br#"[{"type":"account_status_change"}]"#).unwrap(), []);
    }

    #[test]
    fn what_is_told_again_is_known_though_its_id_has_changed_or_is_missing() {
        let first = one(&mail("bounce", json!({ "reason": "550", "sg_event_id": "a" })));
        assert_eq!(one(&mail("bounce", json!({ "reason": "550", "sg_event_id": "b" }))).key, first.key);
        assert_eq!(one(&mail("bounce", json!({ "reason": "550" }))).key, first.key);
        assert_ne!(one(&mail("bounce", json!({ "reason": "551" }))).key, first.key);
        // An asynchronous bounce has neither message nor delivery: its address is all.
        let late =
            of_sendgrid(br#"[{"email":"ada@example.org","event":"bounce","timestamp":100,"reason":"550"}]"#)
                .unwrap();
        assert_eq!(
            (late[0].delivery.as_deref(), late[0].message.as_deref(), late[0].ends_address),
            (None, None, true)
        );
    }

    #[test]
    fn twilios_words_mean_what_they_do() {
        for (status, code, expected, ends) in [
            ("queued", "", Some(DeliveryStatus::Sent), false),
            ("sent", "", Some(DeliveryStatus::Sent), false),
            ("delivered", "", Some(DeliveryStatus::Delivered), false),
            ("undelivered", "30005", Some(DeliveryStatus::Failed), true),
            ("undelivered", "30003", Some(DeliveryStatus::Failed), false),
            ("failed", "30007", Some(DeliveryStatus::Failed), false),
            ("read", "", Some(DeliveryStatus::Read), false),
            ("canceled", "", Some(DeliveryStatus::Failed), false),
            ("receiving", "", None, false),
        ] {
            let receipt =
                of_twilio(&form(&[("MessageSid", "SM1"), ("MessageStatus", status), ("ErrorCode", code)]))
                    .unwrap();
            assert_eq!((receipt.status, receipt.ends_address), (expected, ends), "{status} {code}");
        }
        assert_eq!(of_twilio(&form(&[("CallSid", "CA1")])), None);
    }

    #[test]
    fn a_repeat_without_its_error_takes_nothing_back() {
        let told = |code: &[(&str, &str)]| {
            of_twilio(&form(&[&[("MessageSid", "SM1"), ("MessageStatus", "undelivered")], code].concat()))
                .unwrap()
        };
        let mut standing = Standing::default();
        assert!(standing.take(&told(&[("ErrorCode", "30003")])));
        assert!(!standing.take(&told(&[])));
        assert_eq!(standing.status(DeliveryStatus::Sent), (DeliveryStatus::Failed, Some("error 30003")));
    }

    #[test]
    fn a_bounce_counts_after_delivery_and_a_person_who_read_it_after_a_bounce() {
        let mut standing = Standing::default();
        for event in ["delivered", "bounce"] {
            standing.take(&one(&mail(event, json!({ "reason": "550" }))));
        }
        assert_eq!(standing.status(DeliveryStatus::Sending).0, DeliveryStatus::Failed);
        standing.take(&one(&mail("open", json!({}))));
        assert_eq!(standing.status(DeliveryStatus::Sending).0, DeliveryStatus::Read);
        assert_eq!(
            standing.status(DeliveryStatus::Acked),
            (DeliveryStatus::Acked, None),
            "nothing takes that back"
        );
    }

    proptest! {
        /// Told in any order, and any of it twice, a delivery stands where it stands.
        #[test]
        fn the_order_and_repeats_make_no_difference(
            events in prop::collection::vec(
                (prop::sample::select(vec!["processed", "deferred", "delivered", "bounce", "dropped", "open", "unsubscribe", "odd"]),
                 0_i64..3, prop::option::of("[ab]{1,2}")), 1..12),
            ours in prop::sample::select(vec![DeliveryStatus::Sending, DeliveryStatus::Sent, DeliveryStatus::Expired, DeliveryStatus::Acked]),
            order in any::<prop::sample::Index>(), seed in any::<u64>(),
        ) {
            let receipts: Vec<Receipt> = events
                .iter()
                .map(|(event, second, why)| one(&mail(event, json!({ "timestamp": second, "reason": why }))))
                .collect();
            let mut straight = Standing::default();
            for receipt in &receipts {
                straight.take(receipt);
            }
            let mut shuffled = receipts.clone();
            shuffled.push(receipts[order.index(receipts.len())].clone());
            let length = shuffled.len();
            for place in 0..length {
                shuffled.swap(place, (seed.rotate_left(place as u32) % length as u64) as usize);
            }
            let mut crooked = Standing::default();
            for receipt in &shuffled {
                crooked.take(receipt);
            }
            prop_assert_eq!(&straight, &crooked);
            let (status, _) = straight.status(ours);
            prop_assert!(status >= ours, "nothing that is told takes a delivery back");
        }
    }
}
