//! What a delivery says, as its channel has it.

use crisislens_model::{
    About, Alert, AlertStatus, Channel, Contact, FieldError, Notification, NotificationType, Target,
    Timestamp, User,
};
use crisislens_state::escalations::RESTS_FROM;
use crisislens_state::ledger::Row;
use crisislens_state::notices::OutboxMessage;
use serde::Serialize;
use serde_json::json;

use crate::acknowledge::Acknowledge;
use crate::carrier::{Content, Parcel};
use crate::protocol::segments::{Encoding, cut, plain, segments};
use crate::templates::own::{Part, Template};
use crate::templates::{
    Links, Name, Origin, OwnTemplates, Preview, Rendered, TemplateError, Templates, Told, sample_alert,
    sample_notification,
};
use crate::trial;
use crate::unsubscribe::Unsubscribe;

/// Most segments of a short message: longer ones are cut.
const MAX_SEGMENTS: usize = 3;
/// Most bytes of a push message's texts; what carries it has room for 3,993 in all (RFC 8291), and 4,096 (FCM).
const MAX_PUSH_TITLE: usize = 200;
const MAX_PUSH_BODY: usize = 1_500;
/// The same of a webhook, whose body has room for 20,000 in all.
const MAX_WEBHOOK_SUBJECT: usize = 1_000;
const MAX_WEBHOOK_BODY: usize = 9_000;

/// What deliveries are made of.
pub struct Contents {
    /// The frames of e-mails.
    pub templates: std::sync::Arc<Templates>,
    /// Where people open this installation, `https://desk.example.org`; without, messages have no links.
    pub public_url: Option<String>,
    /// Makes links that end e-mails.
    pub unsubscribe: Unsubscribe,
    /// Makes links by which people say that they see to an alert.
    pub acknowledge: Acknowledge,
}

/// A delivery with all that it is made of.
pub struct Made<'a> {
    /// The row of the ledger.
    pub row: &'a Row,
    /// What it carries: one, or what has gathered.
    pub notifications: &'a [Notification],
    /// Who gets it.
    pub user: &'a User,
    /// The way to reach them.
    pub contact: Option<&'a Contact>,
    /// The users' templates.
    pub own: &'a OwnTemplates,
    /// What it tells of, where the users have a template that needs it now.
    pub origin: Option<&'a Origin>,
    /// The template that a test tries.
    pub tried: Option<&'a Template>,
}

impl Made<'_> {
    /// What a notification tells of, and by which template.
    fn told<'a>(&'a self, notification: &'a Notification) -> Option<Told<'a>> {
        let name = name_of(notification)?;
        Some(Told { name, origin: self.origin?, locale: &notification.locale, own: self.own })
    }
}

/// What a template comes to, as each channel has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Shown {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// A whole e-mail in HTML.
    pub html: String,
    /// A short message, cut as it would be.
    pub sms: ShownShort,
    /// A push message, cut as it would be.
    pub push: ShownPush,
    /// The body of a webhook; null where none is sent for the name.
    pub webhook: Option<serde_json::Value>,
}

/// A short message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ShownShort {
    /// The text.
    pub text: String,
    /// Segments that it takes.
    pub segments: usize,
    /// `GSM-7` or `UCS-2`.
    pub encoding: &'static str,
}

/// A push message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ShownPush {
    /// The title.
    pub title: String,
    /// The text below it.
    pub body: String,
}

/// Which of an alert's templates tells a notification.
#[must_use]
pub const fn name_of(notification: &Notification) -> Option<Name> {
    match notification.kind {
        NotificationType::Alert => Some(Name::Alert),
        NotificationType::Correction => Some(Name::Correction),
        NotificationType::Escalation => Some(Name::Escalation),
        NotificationType::NewItem | NotificationType::HighRisk => Some(Name::NewItem),
        NotificationType::Mention => Some(Name::Mention),
        NotificationType::Digest => None,
    }
}

/// Whether a message cannot be made without what it tells of: the users' HTML, push texts and data are made when it is handed over, for kept with
/// each notification they would fill the store.
#[must_use]
pub fn needs_origin(channel: Channel, notification: &Notification, own: &OwnTemplates) -> bool {
    let part = match channel {
        Channel::Email => Part::Html,
        Channel::Push => Part::Push,
        Channel::Webhook => Part::Webhook,
        Channel::Inbox | Channel::Sms => return false,
    };
    name_of(notification).is_some_and(|name| own.has(name, &notification.locale, part))
}

impl Contents {
    /// The message as it is handed over.
    ///
    /// # Errors
    /// A template cannot be rendered.
    pub fn parcel(&self, made: &Made<'_>, worth: std::time::Duration) -> Result<Parcel, TemplateError> {
        let Made { row, notifications, contact, .. } = *made;
        let is_digest = row.notification.0 == row.id.0;
        Ok(Parcel {
            delivery: row.id,
            notification: notifications.first().map_or(row.notification, |one| one.id),
            recipient: row.recipient,
            address: row.address.clone(),
            target: contact.map(|contact| contact.target.clone()),
            priority: row.priority,
            worth,
            category: if is_digest {
                "digest"
            } else {
                notifications.first().map_or("alert", |one| one.kind.as_str())
            },
            content: self.content(made, is_digest)?,
        })
    }

    fn content(&self, made: &Made<'_>, is_digest: bool) -> Result<Content, TemplateError> {
        let Made { row, notifications, user, own, .. } = *made;
        let first = notifications.first();
        Ok(match (row.channel, first) {
            (Channel::Email, Some(one)) if !is_digest => {
                let (open, acknowledge) = (self.link(one), self.acknowledge(one, user));
                let ends = one.kind != NotificationType::Escalation;
                self.mail(user, ends, |links| {
                    let links = Links { open: open.as_deref(), acknowledge: acknowledge.as_deref(), ..links };
                    // What is said of a claim is about nothing that a notification names, too.
                    if made.tried.is_some() || (trial::is_test(one) && one.kind != NotificationType::Mention)
                    {
                        let locale = made.tried.map_or(&one.locale, |tried| &tried.locale);
                        let mail = match made.tried {
                            Some(tried) => self.templates.tried(tried, one, user, links),
                            None => self.templates.email(one, user, links),
                        };
                        return mail.map(|mail| Templates::as_test(mail, locale));
                    }
                    let mut mail = self.templates.email(one, user, links)?;
                    let html = made.told(one).and_then(|told| self.templates.own_html(&told, user, links));
                    mail.html = html.unwrap_or(mail.html);
                    Ok(mail)
                })?
            }
            (Channel::Email, _) => {
                self.mail(user, true, |links| self.templates.digest(notifications, user, links, own))?
            }
            (Channel::Sms, one) => {
                let link = one.and_then(|one| {
                    let written = name_of(one).filter(|name| own.has_short(*name, &one.locale));
                    // Who is called answers by `ACK`; a test is about nothing that can be opened.
                    let opens = one.about.alert_id.is_some() && one.kind != NotificationType::Escalation;
                    (opens && written.is_none()).then(|| self.link(one)).flatten()
                });
                Content::Short { text: short(one.map_or("", |one| &one.short), link.as_deref()) }
            }
            (Channel::Push | Channel::Inbox, Some(one)) if !is_digest => Content::Push {
                title: shortened(&one.subject, MAX_PUSH_TITLE),
                body: {
                    let own = made.told(one).and_then(|told| self.templates.own_push(&told));
                    shortened(own.as_deref().unwrap_or(&one.short), MAX_PUSH_BODY)
                },
                link: self.path(&path_of(one)),
            },
            (Channel::Push | Channel::Inbox, _) => {
                let Rendered { subject, short, .. } =
                    self.templates.digest(notifications, user, Links::default(), own)?;
                let lines: Vec<&str> = notifications.iter().map(|one| one.subject.as_str()).collect();
                let lines = if short.is_empty() { lines.join("\n") } else { short };
                Content::Push {
                    title: shortened(&subject, MAX_PUSH_TITLE),
                    body: shortened(&lines, MAX_PUSH_BODY),
                    link: self.path("/inbox"),
                }
            }
            (Channel::Webhook, one) => {
                Content::Webhook { body: one.map_or(json!(null), |one| self.webhook(made, one)) }
            }
        })
    }

    fn webhook(&self, made: &Made<'_>, one: &Notification) -> serde_json::Value {
        let told = made.told(one).and_then(|told| self.templates.own_data(&told, one));
        let tried = || {
            let shown = self.templates.preview(made.tried?, None, made.user, Links::default());
            shown.ok()?.data
        };
        let data = told.or_else(tried).unwrap_or_else(|| shipped_data(one));
        let mut body = enveloped(one.kind.as_str(), one.created_at, one.exercise, data);
        if trial::is_test(one) {
            body["test"] = json!(true);
        }
        body
    }

    /// What a template comes to for this reader: of this alert, else of a sample.
    ///
    /// # Errors
    /// What is wrong with which part.
    pub fn preview(
        &self,
        template: &Template,
        alert: Option<&Alert>,
        user: &User,
    ) -> Result<Shown, Vec<FieldError>> {
        let open = alert.map(|alert| self.path(&format!("/alerts?id={}", alert.id)));
        let open = open.unwrap_or_else(|| self.path("/alerts"));
        // Not the reader's own: one click on that would end their e-mails.
        let unsubscribe = self.path("/api/notifications/unsubscribe/preview");
        let acknowledge = self.path("/api/notifications/acknowledge/preview");
        let asks = matches!(template.name, Name::Alert | Name::Escalation);
        let acknowledge = Some(acknowledge.as_str()).filter(|_| asks);
        let links = Links { open: Some(&open), unsubscribe: Some(&unsubscribe), acknowledge };
        let Preview { subject, text, html, sms, push, data } =
            self.templates.preview(template, alert, user, links)?;
        let webhook = data.or_else(|| data_shown(template.name, alert, &subject, &text));
        let at = sample_alert(template.name).effective;
        let exercise = alert.is_some_and(|alert| alert.status == AlertStatus::Exercise);
        let webhook = webhook.map(|data| enveloped(template.name.as_str(), at, exercise, data));
        let shipped = template.sms.is_none() && template.push.is_none();
        let opens = shipped && alert.is_some() && template.name != Name::Escalation;
        let sms = short(&sms, Some(&*open).filter(|_| opens && self.public_url.is_some()));
        let taken = segments(&sms);
        Ok(Shown {
            sms: ShownShort { segments: taken.count, encoding: encoding(taken.encoding), text: sms },
            push: ShownPush {
                title: shortened(&subject, MAX_PUSH_TITLE),
                body: shortened(&push, MAX_PUSH_BODY),
            },
            subject,
            text,
            html,
            webhook,
        })
    }

    /// `ends`: whether one click ends messages of the kind. Nobody asked for an escalation, so nobody ends it so.
    fn mail(
        &self,
        user: &User,
        ends: bool,
        render: impl FnOnce(Links<'_>) -> Result<Rendered, TemplateError>,
    ) -> Result<Content, TemplateError> {
        let base = self.public_url.as_deref().filter(|_| ends);
        let unsubscribe = base.map(|base| self.unsubscribe.link(base, user.id, Channel::Email));
        let rendered = render(Links { unsubscribe: unsubscribe.as_deref(), ..Links::default() })?;
        let Rendered { subject, text, html, .. } = rendered;
        Ok(Content::Mail { subject, text, html, unsubscribe })
    }

    fn link(&self, notification: &Notification) -> Option<String> {
        self.public_url.is_some().then(|| self.path(&path_of(notification)))
    }

    /// Where the recipient says that they see to it: who is called, and of an alert those whose word lets its calls rest, for a mail is passed on.
    /// What is put right or withdrawn asks nobody to.
    fn acknowledge(&self, notification: &Notification, user: &User) -> Option<String> {
        let asks = match notification.kind {
            NotificationType::Escalation => true,
            NotificationType::Alert => user.role >= RESTS_FROM,
            _ => false,
        };
        let (base, alert) = (self.public_url.as_deref().filter(|_| asks)?, notification.about.alert_id?);
        Some(self.acknowledge.link(base, alert, notification.recipient))
    }

    fn path(&self, path: &str) -> String {
        self.public_url
            .as_deref()
            .map_or_else(|| path.to_owned(), |base| format!("{}{path}", base.trim_end_matches('/')))
    }
}

/// Where what it tells of is seen.
fn path_of(notification: &Notification) -> String {
    match notification.about {
        About { alert_id: Some(alert), .. } => format!("/alerts?id={alert}"),
        About { item_id: Some(item), .. } => format!("/items?id={item}"),
        About { incident_id: Some(incident), .. } => format!("/incidents?id={incident}"),
        _ => "/inbox".to_owned(),
    }
}

/// What a program gets (Standard Webhooks): templates make `data` alone, so that programs can tell messages apart whatever they say.
fn enveloped(kind: &str, at: Timestamp, exercise: bool, data: serde_json::Value) -> serde_json::Value {
    let mut body = json!({ "type": kind, "timestamp": at, "data": data });
    if exercise {
        body["exercise"] = json!(true);
    }
    body
}

/// The notification, without what is only ours.
fn shipped_data(notification: &Notification) -> serde_json::Value {
    let mut data = json!({
        "notification_id": notification.id, "revision": notification.revision, "priority": notification.priority,
        "subject": shortened(&notification.subject, MAX_WEBHOOK_SUBJECT),
        "body": shortened(&notification.body, MAX_WEBHOOK_BODY), "exercise": notification.exercise,
    });
    let About { alert_id, item_id, incident_id } = notification.about;
    let ids = [
        ("alert_id", alert_id.map(|id| id.0)),
        ("item_id", item_id.map(|id| id.0)),
        ("incident_id", incident_id.map(|id| id.0)),
    ];
    for (name, id) in ids {
        if let Some(id) = id {
            data[name] = json!(id);
        }
    }
    data
}

/// The same for who looks at a template.
fn data_shown(name: Name, alert: Option<&Alert>, subject: &str, body: &str) -> Option<serde_json::Value> {
    if !matches!(name, Name::Alert | Name::Correction | Name::Escalation) {
        return None;
    }
    let alert = alert.cloned().unwrap_or_else(|| sample_alert(name));
    Some(json!({
        "notification_id": sample_notification(), "alert_id": alert.id, "revision": alert.revision,
        "priority": alert.severity, "subject": subject, "body": body,
        "exercise": alert.status == AlertStatus::Exercise,
    }))
}

/// A short message; behind it where it is opened, if there is room for that.
fn short(text: &str, link: Option<&str>) -> String {
    let text = plain(text);
    let linked = link.map(|link| format!("{text} {link}"));
    linked.filter(|text| segments(text).count <= MAX_SEGMENTS).unwrap_or_else(|| cut(&text, MAX_SEGMENTS))
}

/// As much of a text as so many bytes take, cut between characters.
fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most - '…'.len_utf8()).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// A message as the development outbox shows it.
#[must_use]
pub fn outbox_message(parcel: &Parcel, row: &Row, at: Timestamp) -> OutboxMessage {
    let (subject, text, html, payload) = match &parcel.content {
        Content::Mail { subject, text, html, unsubscribe } => {
            let headers = unsubscribe.as_ref().map(|url| json!({ "list_unsubscribe": url }));
            (subject.clone(), text.clone(), Some(html.clone()), headers)
        }
        Content::Short { text } => (String::new(), text.clone(), None, Some(short_payload(text))),
        Content::Push { title, body, link } => {
            let payload = push_payload(parcel, title, body, link);
            (title.clone(), body.clone(), None, Some(payload))
        }
        Content::Webhook { body } => (
            body["data"]["subject"].as_str().or_else(|| body["type"].as_str()).unwrap_or_default().to_owned(),
            body.to_string(),
            None,
            Some(body.clone()),
        ),
    };
    OutboxMessage {
        id: parcel.delivery.0,
        channel: row.channel,
        to: parcel.address.clone(),
        subject,
        text,
        html,
        payload,
        at,
        exercise: row.exercise,
        notification_id: parcel.notification,
    }
}

const fn encoding(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Gsm7 => "GSM-7",
        Encoding::Ucs2 => "UCS-2",
    }
}

fn short_payload(text: &str) -> serde_json::Value {
    let taken = segments(text);
    json!({ "encoding": encoding(taken.encoding), "units": taken.units, "segments": taken.count })
}

/// What the service worker gets, and shows.
#[must_use]
pub fn push_payload(parcel: &Parcel, title: &str, body: &str, link: &str) -> serde_json::Value {
    json!({
        "title": title, "body": body, "link": link, "tag": parcel.delivery, "severity": parcel.priority,
        "notification_id": parcel.notification,
    })
}

/// Whether the person still has the address.
#[must_use]
pub fn is_still_theirs(row: &Row, user: &User, contact: Option<&Contact>) -> bool {
    match row.channel {
        Channel::Inbox => true,
        Channel::Email => user.email == row.address,
        Channel::Sms | Channel::Push | Channel::Webhook => contact.is_some(),
    }
}

/// Whether a target that is gone is forgotten with its address.
#[must_use]
pub const fn is_forgotten(target: &Target) -> bool {
    matches!(target, Target::WebPush { .. } | Target::FcmToken { .. } | Target::FcmInstallation { .. })
}
