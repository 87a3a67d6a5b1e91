//! Subjects and bodies, from Jinja templates shipped with the program.

use crisislens_model::{Alert, AlertStatus, Notification, User};
use minijinja::{Environment, UndefinedBehavior, context};

/// The shipped templates, by name; `.html` escapes what it is given.
const SHIPPED: [(&str, &str); 5] = [
    ("alert.subject", include_str!("../templates/alert.subject.j2")),
    ("alert.txt", include_str!("../templates/alert.txt.j2")),
    ("email.subject", include_str!("../templates/email.subject.j2")),
    ("email.txt", include_str!("../templates/email.txt.j2")),
    ("email.html", include_str!("../templates/email.html.j2")),
];
/// Work that one rendering may do.
const FUEL: u64 = 50_000;

/// What a template came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML; empty where the channel has none.
    pub html: String,
}

/// A template that cannot be read or rendered.
#[derive(Debug, thiserror::Error)]
#[error("template: {0:#}")]
pub struct TemplateError(#[from] minijinja::Error);

/// The templates.
pub struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// The shipped templates, read.
    pub fn shipped() -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        for (name, source) in SHIPPED {
            environment.add_template(name, source)?;
        }
        Ok(Self { environment })
    }

    /// An alert's subject and text, as they stand in the inbox.
    pub fn alert(&self, alert: &Alert) -> Result<Rendered, TemplateError> {
        let values = context! {
            title => &alert.title, message => &alert.message, area => &alert.area,
            severity => alert.severity.as_str(), hazard => alert.hazard.as_str(),
            revision => alert.revision, exercise => alert.status == AlertStatus::Exercise,
        };
        Ok(Rendered {
            subject: one_line(&self.render("alert.subject", &values)?),
            text: self.render("alert.txt", &values)?,
            html: String::new(),
        })
    }

    /// An e-mail that carries a notification.
    pub fn email(&self, notification: &Notification, user: &User) -> Result<Rendered, TemplateError> {
        let values = context! {
            subject => &notification.subject, body => &notification.body, name => &user.name,
            priority => notification.priority.as_str(), exercise => notification.exercise,
        };
        Ok(Rendered {
            subject: one_line(&self.render("email.subject", &values)?),
            text: self.render("email.txt", &values)?,
            html: self.render("email.html", &values)?,
        })
    }

    fn render(&self, name: &str, values: &minijinja::Value) -> Result<String, TemplateError> {
        Ok(self.environment.get_template(name)?.render(values)?)
    }
}

/// A subject never carries a line break: in a mail header it would begin another header.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
