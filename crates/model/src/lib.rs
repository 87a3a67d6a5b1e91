//! The words of CrisisLens: ids, records, wire frames, positions, filters and the clock.
//! Nothing here does I/O, and nothing here knows which engine stores or carries a record.

pub mod activity;
pub mod alert;
pub mod alert_rule;
pub mod claim;
pub mod clock;
pub mod contact;
pub mod event;
pub mod exercise;
pub mod filter;
pub mod frame;
pub mod hazard;
pub mod hours;
pub mod id;
pub mod incident;
pub mod item;
pub mod lock;
pub mod news;
pub mod notification;
pub mod nulls;
pub mod object;
pub mod place;
pub mod position;
pub mod preferences;
pub mod query;
pub mod raw_item;
pub mod record;
pub mod relevance;
pub mod risk;
pub mod room;
pub mod severity;
pub mod source;
pub mod subscription;
pub mod topic;
pub mod user;
pub mod wording;
pub mod workflow;

pub use activity::{Activity, ActivityKind, AlertAcknowledged, LockAction, LockChange};
pub use alert::{Agreed, Alert, AlertStatus, Corrected};
pub use alert_rule::{AlertRule, NamedRule, Repeat, RuleCondition};
pub use claim::{Claim, ClaimStatus, ClaimTopic, Evidence, Stance, Verdict};
pub use clock::{Clock, SystemClock, Timestamp};
pub use contact::{Contact, Target};
pub use exercise::{Exercise, ExerciseState};
pub use filter::ItemFilter;
pub use hazard::{HazardGuess, HazardType};
pub use hours::{DigestTime, QuietHours};
pub use id::{
    AlertId, ClaimId, ContactId, DeliveryId, EventId, ExerciseId, IncidentId, ItemId, NotificationId, UserId,
    WorkflowId,
};
pub use incident::{Corrector, Incident, IncidentStatus, IncidentUpdate, JoinedItem, SetByPeople};
pub use item::{Item, ItemCorrection, ItemStatus, Language, PlaceNamed, PutRight};
pub use lock::{EditLock, LockHolder, LockRequest, Resource};
pub use news::News;
pub use notification::{About, Attempt, Channel, Delivery, DeliveryStatus, Notification, NotificationType};
pub use place::{Alternative, BoundingBox, Location, Precision};
pub use position::Position;
pub use preferences::{Digest, NoticeKind, Preferences};
pub use raw_item::{ClaimReview, FieldError, RawItem, Stated};
pub use record::{Header, NewRecord};
pub use relevance::{Humanitarian, HumanitarianCategory, Relevance};
pub use risk::{RiskLevel, RiskPart, RiskSteps, RiskWeights};
pub use room::Room;
pub use severity::Severity;
pub use source::{SourceKind, SourceStatus};
pub use subscription::{AlertMatch, Facts, Subscription, owner_of_role};
pub use topic::Topic;
pub use user::{Role, User};
pub use workflow::{Workflow, WorkflowStatus};
