//! Subjects and bodies, from Jinja templates: the users' own, else those shipped with the program, in the reader's language where there
//! are texts in it.

mod marks;
pub mod own;
mod preview;
mod set;
mod values;
mod words;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crisislens_model::wording::{is_line_break, is_odd};
use crisislens_model::{Alert, News, Notification, NotificationType, User};
use crisislens_state::{StateError, Tx};
use minijinja::{Environment, UndefinedBehavior, Value};
use own::Part;
pub use preview::Preview;
pub use set::{One, OwnTemplates};
use uuid::Uuid;
use values::Framed;
pub use values::{ClaimVerified, Mention, Name, NewItem, Variable, sample_alert, sample_notification};

/// The language that stands in for others.
pub const FALLBACK: &str = "en";
/// Work that one rendering may do.
const FUEL: u64 = 50_000;
/// Templates that are remembered to have failed; then they are forgotten, and said once more.
const MAX_COMPLAINTS: usize = 1_000;

macro_rules! shipped {
    ($locale:literal, $($name:literal),+ $(,)?) => {
        ($locale, &[$(($name, include_str!(concat!("../templates/", $locale, "/", $name, ".j2")))),+])
    };
}

/// A language's templates: each name is a line here and a file in each language.
macro_rules! language {
    ($locale:literal) => {
        shipped!(
            $locale,
            "alert.subject",
            "alert.txt",
            "alert.short",
            "correction.subject",
            "correction.txt",
            "correction.short",
            "escalation.subject",
            "escalation.txt",
            "escalation.short",
            "new_item.subject",
            "new_item.txt",
            "new_item.short",
            "claim_verified.subject",
            "claim_verified.txt",
            "claim_verified.short",
            "mention.subject",
            "mention.txt",
            "mention.short",
            "email.subject",
            "email.txt",
            "email.html",
            "digest.subject",
            "digest.txt",
            "digest.html",
        )
    };
}

/// Templates by name.
type Named = &'static [(&'static str, &'static str)];

/// The shipped templates, by language and name; `.html` escapes what it is given.
const SHIPPED: [(&str, Named); 4] = [language!("en"), language!("es"), language!("hi"), language!("mr")];

/// What a template came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML; empty where there is none.
    pub html: String,
    /// One paragraph for a small screen; empty where there is none.
    pub short: String,
}

impl Rendered {
    /// Gives a notification its texts.
    pub(crate) fn write_into(&self, notification: &mut Notification) {
        notification.subject.clone_from(&self.subject);
        notification.body.clone_from(&self.text);
        notification.short.clone_from(&self.short);
    }
}

/// A template that cannot be read or rendered.
#[derive(Debug, thiserror::Error)]
#[error("template: {0:#}")]
pub struct TemplateError(#[from] minijinja::Error);

/// Where messages lead to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Links<'a> {
    /// What the message is about.
    pub open: Option<&'a str>,
    /// Where one click ends messages of the kind.
    pub unsubscribe: Option<&'a str>,
    /// Where the reader says that they see to it.
    pub acknowledge: Option<&'a str>,
}

/// Where an alert is on its way along a chain.
#[derive(Debug, Clone, Copy)]
pub struct Escalated<'a> {
    /// The chain's name.
    pub chain: &'a str,
    /// The step, from 1.
    pub step: u64,
    /// Whether the chain is through.
    pub is_end: bool,
}

/// The templates.
pub struct Templates {
    environment: Environment<'static>,
    /// Users' templates that have failed, by id and version: each is said once.
    complaints: Mutex<HashSet<(Uuid, u64)>>,
    /// Users' templates as they were when they were last needed: what has not changed stays compiled.
    known: Mutex<OwnTemplates>,
}

impl Templates {
    /// The shipped templates, read.
    ///
    /// # Errors
    /// One of them is no template.
    pub fn shipped() -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        for (locale, templates) in SHIPPED {
            for (name, source) in templates {
                environment.add_template_owned(format!("{locale}/{name}"), source.trim_end())?;
            }
        }
        Ok(Self { environment, complaints: Mutex::default(), known: Mutex::default() })
    }

    /// The users' templates as they are now.
    ///
    /// # Errors
    /// The store failed.
    pub async fn own(&self, tx: &mut dyn Tx) -> Result<OwnTemplates, StateError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let own = OwnTemplates::read(tx, &known).await?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&own);
        Ok(own)
    }

    /// An alert's subject, text and short text, as shipped.
    ///
    /// # Errors
    /// They cannot be rendered.
    pub fn alert(&self, alert: &Alert, locale: &str) -> Result<Rendered, TemplateError> {
        self.told(Name::of(alert), alert, locale, &OwnTemplates::default())
    }

    /// What is told of an alert, by the users' template where there is one. What fails of that gives way to the shipped text.
    ///
    /// # Errors
    /// The shipped texts cannot be rendered.
    pub fn told(
        &self,
        name: Name,
        alert: &Alert,
        locale: &str,
        own: &OwnTemplates,
    ) -> Result<Rendered, TemplateError> {
        self.texts(name, &values::of_alert(alert, language(locale)), locale, own)
    }

    /// What is told of an alert that nobody has acknowledged.
    ///
    /// # Errors
    /// The shipped texts cannot be rendered.
    pub fn escalation(
        &self,
        alert: &Alert,
        of: Escalated<'_>,
        locale: &str,
        own: &OwnTemplates,
    ) -> Result<Rendered, TemplateError> {
        self.texts(Name::Escalation, &values::of_escalation(alert, of, language(locale)), locale, own)
    }

    /// What is told of a new item.
    ///
    /// # Errors
    /// The shipped texts cannot be rendered.
    pub fn new_item(
        &self,
        item: &NewItem<'_>,
        locale: &str,
        own: &OwnTemplates,
    ) -> Result<Rendered, TemplateError> {
        self.texts(Name::NewItem, &values::of_item(item), locale, own)
    }

    /// What is told of a claim that was decided.
    ///
    /// # Errors
    /// The shipped texts cannot be rendered.
    pub fn claim_verified(
        &self,
        claim: &ClaimVerified<'_>,
        locale: &str,
        own: &OwnTemplates,
    ) -> Result<Rendered, TemplateError> {
        self.texts(Name::ClaimVerified, &values::of_claim(claim), locale, own)
    }

    /// What is told of something said that names the recipient.
    ///
    /// # Errors
    /// The shipped texts cannot be rendered.
    pub fn mention(
        &self,
        mention: &Mention<'_>,
        locale: &str,
        own: &OwnTemplates,
    ) -> Result<Rendered, TemplateError> {
        self.texts(Name::Mention, &values::of_mention(mention), locale, own)
    }

    /// An e-mail that carries a notification.
    ///
    /// # Errors
    /// It cannot be rendered.
    pub fn email(
        &self,
        notification: &Notification,
        user: &User,
        links: Links<'_>,
    ) -> Result<Rendered, TemplateError> {
        let framed = Framed {
            subject: &notification.subject,
            body: &notification.body,
            exercise: notification.exercise,
            escalation: notification.kind == NotificationType::Escalation,
        };
        self.mail("email", &notification.locale, &values::of_frame(framed, user, links))
    }

    /// The users' HTML for the e-mail that tells of something, where there is such a template and it can be rendered.
    #[must_use]
    pub fn own_html(&self, told: &Told<'_>, user: &User, links: Links<'_>) -> Option<String> {
        let one = told.own.find(told.name, told.locale)?;
        let values = told.values();
        self.own_part(Some(one), Part::Html, &values::with_mail(&values, user, links))
    }

    /// The users' text for the push message that tells of something, where there is one that can be rendered.
    #[must_use]
    pub fn own_push(&self, told: &Told<'_>) -> Option<String> {
        let one = told.own.find(told.name, told.locale)?;
        self.own_part(Some(one), Part::Push, &told.values())
    }

    /// The users' `data` for the webhook that tells of something, where there is such a template and it can be rendered.
    #[must_use]
    pub fn own_data(&self, told: &Told<'_>, notification: &Notification) -> Option<serde_json::Value> {
        let one = told.own.find(told.name, told.locale)?;
        let values = match told.origin {
            Origin::Alert(alert) => values::with_ids(&told.values(), alert.id, notification.id),
            Origin::Item(_) => told.values(),
        };
        self.own_part(Some(one), Part::Webhook, &values).and_then(|data| serde_json::from_str(&data).ok())
    }

    /// An e-mail that carries what has gathered, the worst of it first, by the users' template where there is one.
    ///
    /// # Errors
    /// It cannot be rendered.
    pub fn digest(
        &self,
        notifications: &[Notification],
        user: &User,
        links: Links<'_>,
        own: &OwnTemplates,
    ) -> Result<Rendered, TemplateError> {
        let locale = &user.preferences.locale;
        let values = values::of_digest(notifications, user, links, language(locale));
        let Rendered { subject, text, html, short } = self.mail("digest", locale, &values)?;
        let one = own.find(Name::Digest, locale);
        Ok(Rendered {
            subject: self.own_part(one, Part::Subject, &values).unwrap_or(subject),
            text: self.own_part(one, Part::Text, &values).map_or(text, |own| match one {
                // A digest has no frame that would say so.
                Some(one) if is_exercise(&values) => marks::text_of_exercise(&own, language(one.called().1)),
                _ => own,
            }),
            html: self.own_part(one, Part::Html, &values).unwrap_or(html),
            short: self
                .own_part(one, Part::Push, &values)
                .or_else(|| self.own_part(one, Part::Sms, &values))
                .unwrap_or(short),
        })
    }

    /// A name's subject, text and short text.
    fn texts(
        &self,
        name: Name,
        values: &Value,
        locale: &str,
        own: &OwnTemplates,
    ) -> Result<Rendered, TemplateError> {
        let one = own.find(name, locale);
        let (shipped, word) = (language(locale), name.as_str());
        let shipped = |end: &str| self.render(shipped, &format!("{word}.{end}"), values);
        let short = self.own_part(one, Part::Sms, values).or_else(|| self.own_part(one, Part::Push, values));
        Ok(Rendered {
            subject: match self.own_part(one, Part::Subject, values) {
                Some(subject) => subject,
                None => one_line(&shipped("subject")?),
            },
            text: match self.own_part(one, Part::Text, values) {
                Some(text) => text,
                None => readable(&shipped("txt")?),
            },
            html: String::new(),
            short: match short {
                Some(short) => short,
                None => one_line(&shipped("short")?),
            },
        })
    }

    /// An e-mail as the test that it is, in a reader's language.
    #[must_use]
    pub fn as_test(mail: Rendered, locale: &str) -> Rendered {
        marks::of_test(mail, language(locale))
    }

    /// A part of a user's template, marked where it is of an exercise; one that fails is said and counted, and is none.
    fn own_part(&self, one: Option<&One>, part: Part, values: &Value) -> Option<String> {
        let one = one?;
        let text = one.render(part, values).unwrap_or_else(|why| {
            self.complain(one, &why);
            None
        })?;
        Some(if is_exercise(values) {
            marks::of_exercise(part, text, language(one.called().1))
        } else {
            text
        })
    }

    fn complain(&self, one: &One, why: &str) {
        let (name, locale) = one.called();
        metrics::counter!("crisislens_notify_template_failures_total", "template" => name.as_str())
            .increment(1);
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        if complaints.len() >= MAX_COMPLAINTS {
            complaints.clear();
        }
        if complaints.insert((one.id, one.version)) {
            let (id, version) = (one.id, one.version);
            tracing::warn!(
                %id, version, name = name.as_str(), locale, why,
                "a template of a user's fails; the shipped text stands in"
            );
        }
    }

    fn mail(&self, name: &str, locale: &str, values: &Value) -> Result<Rendered, TemplateError> {
        let locale = language(locale);
        Ok(Rendered {
            subject: one_line(&self.render(locale, &format!("{name}.subject"), values)?),
            text: readable(&self.render(locale, &format!("{name}.txt"), values)?),
            html: readable(&self.render(locale, &format!("{name}.html"), values)?),
            short: String::new(),
        })
    }

    fn render(&self, locale: &str, name: &str, values: &Value) -> Result<String, TemplateError> {
        Ok(self.environment.get_template(&format!("{locale}/{name}"))?.render(values)?)
    }
}

/// What a notification tells of.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A revision of an alert.
    Alert(Alert),
    /// An item.
    Item(News),
}

/// Something as it is told to a reader.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// By which template.
    pub name: Name,
    /// What.
    pub origin: &'a Origin,
    /// The reader's language.
    pub locale: &'a str,
    /// The users' templates.
    pub own: &'a OwnTemplates,
}

impl Told<'_> {
    fn values(&self) -> Value {
        match self.origin {
            Origin::Alert(alert) => values::of_alert(alert, language(self.locale)),
            Origin::Item(news) => values::of_item(&NewItem::from(news)),
        }
    }
}

fn is_exercise(values: &Value) -> bool {
    values.get_attr("exercise").is_ok_and(|exercise| exercise.is_true())
}

/// Whether there are texts in a language.
fn is_shipped(language: &str) -> bool {
    SHIPPED.iter().any(|(shipped, _)| language.eq_ignore_ascii_case(shipped))
}

/// The shipped language for a reader's: `es-MX` is read as `es`, and where there is nothing like it, as English.
fn language(locale: &str) -> &'static str {
    let language = locale.split('-').next().unwrap_or_default();
    let shipped = SHIPPED.iter().map(|(shipped, _)| *shipped);
    shipped.into_iter().find(|shipped| language.eq_ignore_ascii_case(shipped)).unwrap_or(FALLBACK)
}

/// A subject never carries a line break: in a mail header it would begin another header.
fn one_line(text: &str) -> String {
    readable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without what would hide a part of a text or show it in another order: control characters but line breaks and tabs, and overrides of
/// the direction of writing.
fn readable(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars().filter(|c| !is_odd(*c)).map(|c| if is_line_break(c) { '\n' } else { c }).collect()
}
