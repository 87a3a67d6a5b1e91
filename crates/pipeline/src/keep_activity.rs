//! user-activity → the story of each resource and each person.

use async_trait::async_trait;
use crisislens_log::LogRecord;
use crisislens_model::topic::event_type;
use crisislens_model::{Activity, Topic, record};
use crisislens_state::Tx;
use crisislens_stream::{ApplyError, Handler, Reject};

/// The handler of `user-activity`.
pub struct KeepActivity;

#[async_trait]
impl Handler for KeepActivity {
    type Work = Activity;

    fn group(&self) -> &'static str {
        "crisis-lens-activity"
    }

    fn stage(&self) -> &'static str {
        "activity"
    }

    fn topic(&self) -> Topic {
        Topic::UserActivity
    }

    fn prepare(&self, record: &LogRecord) -> Result<Option<Activity>, Reject> {
        if record::header(&record.headers, "ce_type") != Some(event_type::ACTIVITY) {
            return Ok(None);
        }
        let value = record.value.as_deref().ok_or_else(|| Reject::decode("the record has no value"))?;
        serde_json::from_slice(value).map(Some).map_err(Reject::decode)
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[Activity]) -> Result<(), ApplyError> {
        tx.put_activities(work).await?;
        Ok(())
    }
}
