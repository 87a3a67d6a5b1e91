//! What is left of a page behind a banner: what ammonia lets through, and of looks what takes no element out of the flow, so that
//! everything comes behind the banner and nothing hides it.

use std::sync::LazyLock;

use ammonia::Builder;

/// Elements beyond ammonia's.
const ELEMENTS: [&str; 5] = ["address", "big", "font", "main", "section"];
/// Elements that go with all that is in them.
const WITH_CONTENTS: [&str; 11] = [
    "iframe",
    "math",
    "noembed",
    "noframes",
    "noscript",
    "plaintext",
    "svg",
    "template",
    "textarea",
    "title",
    "xmp",
];
/// Attributes that every element may have.
const ATTRIBUTES: [&str; 17] = [
    "align",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "color",
    "dir",
    "face",
    "height",
    "lang",
    "role",
    "size",
    "style",
    "title",
    "valign",
    "width",
    "alt",
];
/// Properties that stay of a `style`. Neither margins nor the height of lines are among them: negative or small ones would move what has
/// them over the banner.
const PROPERTIES: [&str; 35] = [
    "background",
    "background-color",
    "border",
    "border-bottom",
    "border-collapse",
    "border-color",
    "border-left",
    "border-radius",
    "border-right",
    "border-spacing",
    "border-style",
    "border-top",
    "border-width",
    "color",
    "display",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "list-style",
    "list-style-type",
    "max-width",
    "min-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "table-layout",
    "text-align",
    "text-decoration",
    "vertical-align",
    "width",
];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = Builder::default();
    cleaner
        .add_tags(ELEMENTS)
        .add_clean_content_tags(WITH_CONTENTS)
        .add_generic_attributes(ATTRIBUTES)
        .filter_style_properties(PROPERTIES.into())
        // In a mail `rel` means nothing.
        .link_rel(None);
    cleaner
});

/// What is left of a page.
pub fn behind_banner(html: &str) -> String {
    CLEANER.clean(html).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sound_stays() {
        for page in [
            "",
            "Rivers &lt; seas &amp; more",
            "<p title=\"a: b\">x</p><br><img src=\"https://a.example/b?c=1&amp;d=2\" alt=\"map\" width=\"3\">",
            "<table border=\"0\"><tbody><tr><td align=\"left\" style=\"padding:0.5rem;color:#555\">é</td></tr></tbody></table>",
            "<a href=\"https://a.example\">x</a>",
        ] {
            assert_eq!(behind_banner(page), page);
        }
        let page = "<!doctype html><HTML lang=en><head><title>t</title></head><BODY Class='a'><b>x</b></body></html>";
        assert_eq!(behind_banner(page), "<b>x</b>");
    }

    #[test]
    fn what_could_hide_or_cover_is_left_out() {
        for (page, left) in [
            ("<style>*{display:none}</style>x", "x"),
            ("<STYLE\n>*{}</sTyLe >x", "x"),
            ("<link rel=stylesheet href=x><meta charset=x><base href=x>x", "x"),
            ("<template><p>a</p></template><noscript>b</noscript>x", "x"),
            ("x<svg><style>*{}</style></svg>y", "xy"),
            ("<!-- a > <p> -->x<!-- <p>y", "x"),
            ("x<p title=\"y", "x"),
            ("x<p", "x"),
            ("<dialog open popover onclick=x>x</dialog>", "x"),
            ("<p onclick=\"x()\" class=a id=b slot=c hidden>x", "<p>x</p>"),
            ("<a href=\"javascript:x()\">x</a>", "<a>x</a>"),
        ] {
            assert_eq!(behind_banner(page), left, "{page}");
        }
        for style in [
            "position:fixed;top:0; color:red ;z-index:9",
            "margin:-9em 0;margin-top:calc(0px - 9em);color:red",
            "p\\6fsition:fixed;color:red;/*;*/position:fixed;transform:none",
            "color:red;}*{display:none;position:absolute",
        ] {
            let left = behind_banner(&format!("<p style=\"{style}\">x</p>"));
            for hides in ["position", "margin", "sition", "z-index", "transform", "*{"] {
                assert!(!left.contains(hides), "{hides}: {left}");
            }
        }
    }
}
