//! Which paths a route is for: `/health`, `/api/**`, `/users/{id}`, `/files/{rest...}`, `~^/v[0-9]+/.*`.
//!
//! A path is a list of segments here, the parts between its slashes; the last one is empty when it ends with a slash. It
//! is compared in its canonical form, and captures are pieces of that: reserved characters are still encoded in them.

use super::{expression::Expression, pattern::check_path};
use serde::Deserialize;
use std::fmt;

/// A path, or all paths of one form.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PathPattern {
    written: String,
    form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Segments(Segments),
    Expression {
        expression: Expression,
        groups: Vec<String>,
        /// Segments that all paths it matches begin with, and end with a slash after.
        literal: Vec<Step>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Segments {
    steps: Vec<Step>,
    tail: Tail,
}

/// What one segment must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Literal(String),
    /// Anything but nothing.
    Capture(String),
}

/// What may follow.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tail {
    Nothing,
    /// Nothing, or a slash and anything.
    Anything,
    /// The same, captured without that slash.
    Capture(String),
}

/// Pieces of a path by their names.
pub(in crate::gateway) type Captures<'a> = Vec<(&'a str, &'a str)>;

impl PathPattern {
    /// Whether a path is matched. What is below `/api` begins with `/api/`; `/api` itself counts too.
    pub(super) fn matches(&self, path: &str) -> bool {
        match &self.form {
            Form::Segments(segments) => segments.walk(path, |_, _| {}),
            Form::Expression { expression, .. } => expression.is_match(path.as_bytes()),
        }
    }

    /// The pieces of a path that it matches.
    pub(super) fn captures<'a>(&'a self, path: &'a str) -> Captures<'a> {
        let mut captures = Captures::new();
        match &self.form {
            Form::Segments(segments) => {
                segments.walk(path, |name, piece| captures.push((name, piece)));
            }
            Form::Expression {
                expression, groups, ..
            } => {
                let pieces = expression.captures(path).unwrap_or_default();
                captures.extend(groups.iter().map(String::as_str).zip(pieces));
            }
        }
        captures
    }

    /// The names of the pieces that it captures.
    pub(super) fn names(&self) -> Vec<&str> {
        match &self.form {
            Form::Expression { groups, .. } => groups.iter().map(String::as_str).collect(),
            Form::Segments(Segments { steps, tail }) => {
                let named = steps.iter().filter_map(|step| match step {
                    Step::Capture(name) => Some(name.as_str()),
                    Step::Literal(_) => None,
                });
                let last = match tail {
                    Tail::Capture(name) => Some(name.as_str()),
                    Tail::Nothing | Tail::Anything => None,
                };
                named.chain(last).collect()
            }
        }
    }

    /// As OpenAPI writes it, which knows only segments: all below a path is that path there. None: it is an expression.
    pub(super) fn template(&self) -> Option<String> {
        let Form::Segments(Segments { steps, tail }) = &self.form else {
            return None;
        };
        let mut template = String::new();
        for step in steps {
            match step {
                Step::Literal(text) => template.push_str(&format!("/{text}")),
                Step::Capture(name) => template.push_str(&format!("/{{{name}}}")),
            }
        }
        match tail {
            Tail::Capture(name) => template.push_str(&format!("/{{{name}}}")),
            Tail::Anything if template.is_empty() => template.push('/'),
            Tail::Anything | Tail::Nothing => {}
        }
        Some(template)
    }

    /// The steps that a path must take, and whether anything else may follow. A regular expression has the last word
    /// about that.
    pub(super) fn steps(&self) -> (&[Step], bool) {
        match &self.form {
            Form::Segments(Segments { steps, tail }) => (steps, *tail != Tail::Nothing),
            Form::Expression { literal, .. } => (literal, true),
        }
    }

    /// Whether all that is matched is at or below a path.
    pub(super) fn is_below(&self, prefix: &str) -> bool {
        let (steps, _) = self.steps();
        let mut wanted = prefix.split('/').skip(1);
        let mut steps = steps.iter();
        wanted.all(|segment| matches!(steps.next(), Some(Step::Literal(found)) if found == segment))
    }

    /// Whether it matches whatever the other one does. False where that cannot be told.
    pub(super) fn covers(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        let Form::Segments(Segments { steps, tail }) = &self.form else {
            return false;
        };
        let (others, other_goes_on) = other.steps();
        let step_covers = |(own, other): (&Step, &Step)| match (own, other) {
            (Step::Literal(own), Step::Literal(other)) => own == other,
            (Step::Capture(_), Step::Literal(other)) => !other.is_empty(),
            (Step::Capture(_), Step::Capture(_)) => true,
            (Step::Literal(_), Step::Capture(_)) => false,
        };
        let fits = match tail {
            Tail::Nothing => steps.len() == others.len() && !other_goes_on,
            Tail::Anything | Tail::Capture(_) => steps.len() <= others.len(),
        };
        fits && steps.iter().zip(others).all(step_covers)
    }
}

impl Segments {
    fn walk<'a>(&'a self, path: &'a str, mut capture: impl FnMut(&'a str, &'a str)) -> bool {
        let mut rest = path.strip_prefix('/');
        for step in &self.steps {
            let Some((segment, after)) = rest.map(cut) else {
                return false;
            };
            match step {
                Step::Literal(wanted) if wanted == segment => {}
                Step::Capture(name) if !segment.is_empty() => capture(name, segment),
                _ => return false,
            }
            rest = after;
        }
        match &self.tail {
            Tail::Nothing => rest.is_none(),
            Tail::Anything => true,
            Tail::Capture(name) => {
                capture(name, rest.unwrap_or_default());
                true
            }
        }
    }
}

/// The first segment of what follows a slash, and what follows the next one.
pub(super) fn cut(rest: &str) -> (&str, Option<&str>) {
    match rest.split_once('/') {
        Some((segment, after)) => (segment, Some(after)),
        None => (rest, None),
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl TryFrom<String> for PathPattern {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let form = match written.strip_prefix('~') {
            Some(expression) => form_of_expression(expression)?,
            None => Form::Segments(segments(&written)?),
        };
        let pattern = Self { written, form };
        let mut names = pattern.names();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("`{}` captures `{}` twice", pattern, pair[0])),
            None => Ok(pattern),
        }
    }
}

fn segments(written: &str) -> Result<Segments, String> {
    let (base, mut tail) = match written.strip_suffix("/**") {
        Some(base) => (base, Tail::Anything),
        None => (written, Tail::Nothing),
    };
    if base.contains('*') {
        return Err(format!(
            "`{written}`: write a path (`/health`), all below one (`/api/**`), or `{{name}}` for a segment; other \
             wildcards are not there"
        ));
    }
    if !(tail == Tail::Anything && base.is_empty()) {
        check_path(base)?;
    }
    let mut steps = Vec::new();
    let mut parts = base.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let Some(inner) = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'))
        else {
            if part.contains(['{', '}']) {
                return Err(format!(
                    "`{written}`: a segment is text or one `{{name}}`, not both"
                ));
            }
            steps.push(Step::Literal(part.to_owned()));
            continue;
        };
        let (name, is_rest) = match inner.strip_suffix("...") {
            Some(name) => (name, true),
            None => (inner, false),
        };
        if !is_name(name) {
            return Err(format!(
                "`{written}`: `{name}` is not a name; they are of letters, digits and `_`"
            ));
        }
        if !is_rest {
            steps.push(Step::Capture(name.to_owned()));
        } else if parts.peek().is_none() && tail == Tail::Nothing {
            tail = Tail::Capture(name.to_owned());
        } else {
            return Err(format!("`{written}`: nothing can follow `{{{inner}}}`"));
        }
    }
    Ok(Segments { steps, tail })
}

/// Whether something can be the name of a capture.
pub(super) fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(is_part)
}

fn form_of_expression(written: &str) -> Result<Form, String> {
    let expression = Expression::whole(written)?;
    Ok(Form::Expression {
        groups: expression.groups().collect(),
        expression,
        literal: literal_segments(written),
    })
}

/// The segments that an expression plainly begins with.
fn literal_segments(expression: &str) -> Vec<Step> {
    if expression.contains('|') {
        return Vec::new();
    }
    let text = expression.strip_prefix('^').unwrap_or(expression);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
    let end = text.find(|c| !is_plain(c)).unwrap_or(text.len());
    let plain = match text[end..].chars().next() {
        // The last character may be there several times, or not at all.
        Some('?' | '*' | '+' | '{') => text[..end].get(..end.saturating_sub(1)).unwrap_or_default(),
        _ => &text[..end],
    };
    let complete = plain.rsplit_once('/').map_or("", |(before, _)| before);
    let segments = complete.split('/').skip(1);
    segments
        .map(|text| Step::Literal(text.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(written: &str) -> PathPattern {
        PathPattern::try_from(written.to_owned()).unwrap()
    }

    #[test]
    fn what_is_matched_and_captured() {
        let cases = [
            ("/", "/", Some("")),
            ("/**", "/", Some("")),
            ("/**", "/a/b", Some("")),
            ("/a", "/a", Some("")),
            ("/a", "/a/", None),
            ("/a/", "/a/", Some("")),
            ("/a/", "/a", None),
            ("/a/**", "/a", Some("")),
            ("/a/**", "/a/", Some("")),
            ("/a/**", "/ab", None),
            ("/users/{id}", "/users/7", Some("id=7")),
            ("/users/{id}", "/users/a%20b", Some("id=a%20b")),
            ("/users/{id}", "/users/", None),
            ("/users/{id}", "/users", None),
            ("/users/{id}", "/users/7/", None),
            ("/users/{id}", "/users/7/x", None),
            ("/users/{id}/", "/users/7/", Some("id=7")),
            ("/users/{id}/**", "/users/7", Some("id=7")),
            ("/users/{id}/**", "/users/7/x/y", Some("id=7")),
            ("/{a}/x/{b}", "/1/x/2", Some("a=1 b=2")),
            ("/files/{rest...}", "/files/a/b", Some("rest=a/b")),
            ("/files/{rest...}", "/files/", Some("rest=")),
            ("/files/{rest...}", "/files", Some("rest=")),
            ("/files/{rest...}", "/filesystem", None),
            ("~^/v[0-9]+/(?P<x>.*)", "/v12/a/b", Some("x=a/b")),
            ("~/v([0-9]+)", "/v12", Some("1=12")),
            ("~/v[0-9]+", "/v12/more", None),
            ("~/v[0-9]+", "/before/v12", None),
            ("~/a|/b", "/b", Some("")),
            ("~/a|/b", "/bc", None),
        ];
        for (written, path, expected) in cases {
            let pattern = pattern(written);
            let captured = pattern.matches(path).then(|| {
                let captures = pattern.captures(path);
                let texts = captures.iter().map(|(name, text)| format!("{name}={text}"));
                texts.collect::<Vec<_>>().join(" ")
            });
            assert_eq!(captured.as_deref(), expected, "{written} {path}");
        }
    }

    #[test]
    fn what_cannot_be_meant() {
        for written in [
            "",
            "a",
            "/a*",
            "/*/b",
            "/{}",
            "/{a-b}",
            "/x{a}",
            "/{a}x",
            "/{a}/{a}",
            "/{a...}/b",
            "/{a...}/**",
            "/a?b",
            "~(",
            "~a)|(b",
        ] {
            assert!(
                PathPattern::try_from(written.to_owned()).is_err(),
                "{written}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_covered_is_matched(
            one in "(/(a|b|\\{x\\})){1,3}(/|/\\*\\*|/\\{r\\.\\.\\.\\})?",
            other in "~?(/(a|b|\\[ab\\]|\\{y\\})){1,3}(/|/\\*\\*|/\\.\\*)?",
            path in "(/(a|b|c)?){1,4}",
        ) {
            let patterns = [one, other].map(PathPattern::try_from);
            let [Ok(one), Ok(other)] = patterns else {
                return Ok(());
            };
            if one.covers(&other) && other.matches(&path) {
                prop_assert!(one.matches(&path), "{} {} {}", one, other, path);
            }
        }
    }

    #[test]
    fn one_covers_another_only_for_sure() {
        let cases = [
            ("/a/**", "/a", true),
            ("/a/**", "/a/", true),
            ("/a/**", "/a/{id}", true),
            ("/a/**", "/a/{rest...}", true),
            ("/a/**", "/**", false),
            ("/a/**", "/ab", false),
            ("/**", "~.*", true),
            ("/v1/**", "~/v1/x.*", true),
            ("/v1/x/**", "~/v1/x.*", false),
            ("/v1/**", "~/v1/?x", false),
            ("/v1/**", "~/v1/a|/b", false),
            ("/{a}", "/x", true),
            ("/{a}", "/", false),
            ("/{a}", "/{b}", true),
            ("/{a}/**", "/x/{b}/**", true),
            ("/x", "/{a}", false),
            ("/{a}", "/x/**", false),
            ("~/x.*", "/x", false),
            ("~/x.*", "~/x.*", true),
        ];
        for (one, other, expected) in cases {
            assert_eq!(
                pattern(one).covers(&pattern(other)),
                expected,
                "{one} {other}"
            );
        }
    }
}
