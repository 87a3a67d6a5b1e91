//! Subjects and bodies, from Jinja templates shipped with the program, in the reader's language where there are texts in it.

use crisislens_model::{Alert, AlertStatus, Notification, NotificationType, Severity, Timestamp, User};
use minijinja::{Environment, UndefinedBehavior, Value, context};

/// The language that stands in for others.
pub const FALLBACK: &str = "en";
/// Work that one rendering may do.
const FUEL: u64 = 50_000;
/// Notifications that a digest tells of in full.
const MAX_TOGETHER: usize = 100;

macro_rules! shipped {
    ($($locale:literal),+ $(,)?) => {
        /// The shipped templates, by language and name; `.html` escapes what it is given.
        const SHIPPED: &[(&str, [(&str, &str); 12])] = &[$(($locale, [
            ("alert.subject", include_str!(concat!("../templates/", $locale, "/alert.subject.j2"))),
            ("alert.txt", include_str!(concat!("../templates/", $locale, "/alert.txt.j2"))),
            ("alert.short", include_str!(concat!("../templates/", $locale, "/alert.short.j2"))),
            ("escalation.subject", include_str!(concat!("../templates/", $locale, "/escalation.subject.j2"))),
            ("escalation.txt", include_str!(concat!("../templates/", $locale, "/escalation.txt.j2"))),
            ("escalation.short", include_str!(concat!("../templates/", $locale, "/escalation.short.j2"))),
            ("email.subject", include_str!(concat!("../templates/", $locale, "/email.subject.j2"))),
            ("email.txt", include_str!(concat!("../templates/", $locale, "/email.txt.j2"))),
            ("email.html", include_str!(concat!("../templates/", $locale, "/email.html.j2"))),
            ("digest.subject", include_str!(concat!("../templates/", $locale, "/digest.subject.j2"))),
            ("digest.txt", include_str!(concat!("../templates/", $locale, "/digest.txt.j2"))),
            ("digest.html", include_str!(concat!("../templates/", $locale, "/digest.html.j2"))),
        ]),)+];
    };
}

shipped!("en");

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
        Ok(Self { environment })
    }

    /// An alert's subject, text and short text.
    ///
    /// # Errors
    /// They cannot be rendered.
    pub fn alert(&self, alert: &Alert, locale: &str) -> Result<Rendered, TemplateError> {
        let values = context! {
            title => &alert.title, message => &alert.message, area => &alert.area, kind => &alert.kind,
            severity => alert.severity.as_str(), hazard => alert.hazard.as_str(),
            revision => alert.revision, exercise => alert.status == AlertStatus::Exercise,
        };
        let locale = language(locale);
        Ok(Rendered {
            subject: one_line(&self.render(locale, "alert.subject", &values)?),
            text: self.render(locale, "alert.txt", &values)?,
            html: String::new(),
            short: one_line(&self.render(locale, "alert.short", &values)?),
        })
    }

    /// Subject, text and short text of an alert that nobody has acknowledged.
    ///
    /// # Errors
    /// They cannot be rendered.
    pub fn escalation(
        &self,
        alert: &Alert,
        of: Escalated<'_>,
        locale: &str,
    ) -> Result<Rendered, TemplateError> {
        let values = context! {
            title => &alert.title, message => &alert.message, area => &alert.area, chain => of.chain,
            step => of.step, ended => of.is_end, severity => alert.severity.as_str(),
            hazard => alert.hazard.as_str(), exercise => alert.status == AlertStatus::Exercise,
        };
        let locale = language(locale);
        Ok(Rendered {
            subject: one_line(&self.render(locale, "escalation.subject", &values)?),
            text: self.render(locale, "escalation.txt", &values)?,
            html: String::new(),
            short: one_line(&self.render(locale, "escalation.short", &values)?),
        })
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
        let values = context! {
            subject => &notification.subject, body => &notification.body, name => &user.name,
            priority => notification.priority.as_str(), exercise => notification.exercise,
            link => links.open, unsubscribe => links.unsubscribe, acknowledge => links.acknowledge,
            escalation => notification.kind == NotificationType::Escalation,
        };
        self.mail("email", &notification.locale, &values)
    }

    /// An e-mail that carries what has gathered, the worst of it first.
    ///
    /// # Errors
    /// It cannot be rendered.
    pub fn digest(
        &self,
        notifications: &[Notification],
        user: &User,
        links: Links<'_>,
    ) -> Result<Rendered, TemplateError> {
        let zone = user.preferences.time_zone();
        let local = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string();
        let mut sorted: Vec<&Notification> = notifications.iter().collect();
        sorted.sort_by_key(|one| (std::cmp::Reverse(one.priority), one.created_at));
        let told: Vec<Value> = sorted
            .iter()
            .take(MAX_TOGETHER)
            .map(|one| context! { subject => &one.subject, body => &one.body, at => local(one.created_at) })
            .collect();
        let worst = sorted.first().map_or(Severity::Low, |one| one.priority);
        let values = context! {
            notifications => told, count => notifications.len(), worst => worst.as_str(), name => &user.name,
            exercise => notifications.iter().any(|one| one.exercise), unsubscribe => links.unsubscribe,
        };
        self.mail("digest", &user.preferences.locale, &values)
    }

    fn mail(&self, name: &str, locale: &str, values: &Value) -> Result<Rendered, TemplateError> {
        let locale = language(locale);
        Ok(Rendered {
            subject: one_line(&self.render(locale, &format!("{name}.subject"), values)?),
            text: self.render(locale, &format!("{name}.txt"), values)?,
            html: self.render(locale, &format!("{name}.html"), values)?,
            short: String::new(),
        })
    }

    fn render(&self, locale: &str, name: &str, values: &Value) -> Result<String, TemplateError> {
        Ok(self.environment.get_template(&format!("{locale}/{name}"))?.render(values)?)
    }
}

/// The shipped language for a reader's: `pt-BR` is read as `pt` where there is that, everything else as English.
fn language(locale: &str) -> &'static str {
    let begins = |shipped: &str| {
        locale.eq_ignore_ascii_case(shipped)
            || locale.split('-').next().is_some_and(|language| language.eq_ignore_ascii_case(shipped))
    };
    SHIPPED.iter().map(|(shipped, _)| *shipped).find(|shipped| begins(shipped)).unwrap_or(FALLBACK)
}

/// A subject never carries a line break: in a mail header it would begin another header.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
