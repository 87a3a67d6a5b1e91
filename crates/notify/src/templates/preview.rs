//! What a template of a user's comes to on each channel, before it is kept.

use crisislens_model::{Alert, FieldError, Notification, User};

use super::own::{Compiled, Part, Template};
use super::values::Framed;
use super::{
    Links, Name, OwnTemplates, Rendered, TemplateError, Templates, is_exercise, language, marks, values,
};

/// What a message says on each channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// A whole e-mail in HTML.
    pub html: String,
    /// A short message, uncut.
    pub sms: String,
    /// A push message, uncut.
    pub push: String,
    /// The `data` of a webhook by the template; none where it has no such part.
    pub data: Option<serde_json::Value>,
}

impl Templates {
    /// What a template of a user's comes to on each channel: of this alert where it is one for alerts, else of a sample.
    ///
    /// # Errors
    /// What is wrong with which part.
    pub fn preview(
        &self,
        template: &Template,
        alert: Option<&Alert>,
        user: &User,
        links: Links<'_>,
    ) -> Result<Preview, Vec<FieldError>> {
        let Template { name, locale, .. } = template;
        let language = language(locale);
        let values = match (name, alert) {
            (Name::Alert | Name::Correction | Name::Escalation, Some(alert)) => {
                let values = values::of_alert(alert, language);
                values::with_ids(&values, alert.id, values::sample_notification())
            }
            _ => values::samples(*name, language).into_iter().next().unwrap_or_default(),
        };
        let is_exercise = is_exercise(&values);
        let of_mail =
            if *name == Name::Digest { values.clone() } else { values::with_mail(&values, user, links) };
        let compiled = Compiled::of(template)?;
        let mut problems = Vec::new();
        let mut own = |part: Part| {
            let values = if part == Part::Html { &of_mail } else { &values };
            let text = compiled.render(part, values).unwrap_or_else(|problem| {
                problems.push(problem);
                None
            });
            text.map(|text| if is_exercise { marks::of_exercise(part, text, language) } else { text })
        };
        let parts = (own(Part::Subject), own(Part::Text), own(Part::Html), own(Part::Sms), own(Part::Push));
        let data = own(Part::Webhook).and_then(|data| serde_json::from_str(&data).ok());
        if !problems.is_empty() {
            return Err(problems);
        }
        let wrong = |error: TemplateError| vec![FieldError::new("name", error.to_string())];
        let shipped = if *name == Name::Digest {
            self.mail("digest", locale, &values)
        } else {
            self.texts(*name, &values, locale, &OwnTemplates::default())
        }
        .map_err(wrong)?;
        let (subject, text, html, sms, push) = parts;
        let (subject, text) = (subject.unwrap_or(shipped.subject), text.unwrap_or(shipped.text));
        let framed = || {
            if *name == Name::Digest {
                return Ok(shipped.html);
            }
            let framed = Framed {
                subject: &subject,
                body: &text,
                exercise: is_exercise,
                escalation: *name == Name::Escalation,
            };
            self.mail("email", locale, &values::of_frame(framed, user, links)).map(|mail| mail.html)
        };
        let html = html.map_or_else(framed, Ok).map_err(wrong)?;
        let (sms, push) = (sms.clone().or_else(|| push.clone()), push.or(sms));
        let short = if shipped.short.is_empty() { subject.clone() } else { shipped.short };
        Ok(Preview {
            sms: sms.unwrap_or_else(|| short.clone()),
            push: push.unwrap_or(short),
            subject,
            text,
            html,
            data,
        })
    }

    /// An e-mail by which somebody tries a template, as it will be: the template's own page where it has one.
    ///
    /// # Errors
    /// The shipped texts cannot be rendered.
    pub fn tried(
        &self,
        tried: &Template,
        notification: &Notification,
        user: &User,
        links: Links<'_>,
    ) -> Result<Rendered, TemplateError> {
        let mut mail = self.email(notification, user, links)?;
        let is_digest = tried.name == Name::Digest;
        if (is_digest || tried.html.is_some())
            && let Ok(shown) = self.preview(tried, None, user, links)
        {
            mail.html = shown.html;
            // A digest has no frame around it.
            mail.text = if is_digest { shown.text } else { mail.text };
        }
        Ok(mail)
    }
}
