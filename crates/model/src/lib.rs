//! The words of CrisisLens: ids, records, wire frames, positions, filters and the clock.
//! Nothing here does I/O, and nothing here knows which engine stores or carries a record.

pub mod activity;
pub mod alert;
pub mod clock;
pub mod event;
pub mod filter;
pub mod frame;
pub mod hazard;
pub mod id;
pub mod incident;
pub mod item;
pub mod lock;
pub mod notification;
pub mod nulls;
pub mod object;
pub mod place;
pub mod position;
pub mod query;
pub mod raw_item;
pub mod record;
pub mod risk;
pub mod room;
pub mod severity;
pub mod source;
pub mod topic;
pub mod user;

pub use activity::{Activity, ActivityKind, LockAction, LockChange};
pub use alert::{Alert, AlertStatus};
pub use clock::{Clock, SystemClock, Timestamp};
pub use filter::ItemFilter;
pub use hazard::{HazardGuess, HazardType};
pub use id::{AlertId, EventId, IncidentId, ItemId, NotificationId, UserId};
pub use incident::{Incident, IncidentStatus, IncidentUpdate, JoinedItem};
pub use item::{Item, ItemStatus, Language};
pub use lock::{EditLock, LockHolder, LockRequest, Resource};
pub use notification::{Channel, Delivery, DeliveryStatus, Notification, NotificationType};
pub use place::{BoundingBox, Location, Precision};
pub use position::Position;
pub use raw_item::{FieldError, RawItem, Stated};
pub use record::{Header, NewRecord};
pub use risk::{RiskLevel, RiskPart};
pub use room::Room;
pub use severity::Severity;
pub use source::{SourceKind, SourceStatus};
pub use topic::Topic;
pub use user::{Preferences, Role, User};
