//! What may be demanded of a caller and of the field that they select: claims, scopes, arguments.
//!
//! Whatever is asked has three answers: yes, no, and that it cannot be told. Only a yes is one, also after `none`.

use super::{case::Case, has_scope};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

/// What must be so, all that is given.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Condition {
    subject: Option<Subject>,
    is: Option<Value>,
    one_of: Option<Vec<Value>>,
    is_claim: Option<String>,
    scope: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Subject {
    /// The name of a claim, or a path in it: `realm_access.roles`.
    Claim(String),
    /// The name of an argument, or a path in it: `filter.region`.
    Argument(String),
}

/// A condition as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Written {
    #[serde(deserialize_with = "given")]
    pub(super) claim: Option<String>,
    #[serde(deserialize_with = "given")]
    pub(super) argument: Option<String>,
    #[serde(deserialize_with = "given")]
    pub(super) is: Option<Value>,
    #[serde(deserialize_with = "given")]
    pub(super) one_of: Option<Vec<Value>>,
    #[serde(deserialize_with = "given")]
    pub(super) is_claim: Option<String>,
    #[serde(deserialize_with = "given")]
    pub(super) scope: Option<String>,
}

/// What is behind a key that is there: nothing is something else than no key.
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

impl TryFrom<Written> for Condition {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written {
            claim,
            argument,
            is,
            one_of,
            is_claim,
            scope,
        } = written;
        let values = is.iter().chain(one_of.iter().flatten());
        if values.into_iter().any(Value::is_null) {
            return Err(
                "null is no value to compare with; for what is not there, write `none` with `claim` or `argument` alone",
            );
        }
        let is_compared = is.is_some() || one_of.is_some() || is_claim.is_some();
        let subject = match (claim, argument) {
            (Some(_), Some(_)) => {
                return Err("`claim` and `argument` are two conditions: write them under `all`");
            }
            (Some(_), None) if is_claim.is_some() => {
                return Err("`is_claim` says what an `argument` is");
            }
            (Some(claim), None) => Some(Subject::Claim(claim)),
            (None, Some(argument)) => Some(Subject::Argument(argument)),
            (None, None) if is_compared => return Err("what is that? Give `claim` or `argument`"),
            (None, None) => None,
        };
        Ok(Self {
            subject,
            is,
            one_of,
            is_claim,
            scope,
        })
    }
}

impl Condition {
    /// Whether nothing is said.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The argument that it looks at.
    pub(super) fn argument(&self) -> Option<&str> {
        match self.subject.as_ref()? {
            Subject::Argument(path) => path.split('.').next(),
            Subject::Claim(_) => None,
        }
    }

    /// Whether it holds. None: that cannot be told.
    pub(super) fn holds(&self, case: &Case<'_>) -> Option<bool> {
        let scope = self.scope.as_ref();
        let has_scope = Some(scope.is_none_or(|scope| has_scope(case.caller, scope)));
        let subject = match &self.subject {
            None => Some(true),
            Some(Subject::Claim(path)) => Some(self.fits_claim(case, path)),
            Some(Subject::Argument(path)) => self.fits_argument(case, path),
        };
        all([has_scope, subject].into_iter())
    }

    fn fits_claim(&self, case: &Case<'_>, path: &str) -> bool {
        let Some(found) = case.claim(path).filter(|found| !found.is_null()) else {
            return false;
        };
        let matches =
            |wanted: &Value| found == wanted || has(found.as_array(), |item| item == wanted);
        self.is.as_ref().is_none_or(matches)
            && self
                .one_of
                .as_ref()
                .is_none_or(|wanted| wanted.iter().any(matches))
    }

    fn fits_argument(&self, case: &Case<'_>, path: &str) -> Option<bool> {
        let found = case.argument(path)?;
        if found.is_null() {
            return Some(false);
        }
        let mut fits = Vec::new();
        if let Some(wanted) = &self.is {
            fits.push(each(&found, &|item| same(item, wanted)));
        }
        if let Some(wanted) = &self.one_of {
            fits.push(each(&found, &|item| {
                any(wanted.iter().map(|one| same(item, one)))
            }));
        }
        if let Some(claim) = &self.is_claim {
            let claim = case.claim(claim).filter(|claim| !claim.is_null())?;
            let wanted = claim
                .as_array()
                .map_or(std::slice::from_ref(claim), Vec::as_slice);
            fits.push(each(&found, &|item| {
                any(wanted.iter().map(|one| same(item, one)))
            }));
        }
        match fits.is_empty() {
            true => Some(true),
            false => all(fits.into_iter()),
        }
    }
}

fn has(items: Option<&Vec<Value>>, is: impl Fn(&Value) -> bool) -> bool {
    items.is_some_and(|items| items.iter().any(is))
}

/// Whether each of these is so: no if one is not, whatever the others are.
pub(super) fn all(mut answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    answers
        .try_fold(Some(true), |sofar, answer| match answer {
            Some(false) => Err(Some(false)),
            Some(true) => Ok(sofar),
            None => Ok(None),
        })
        .unwrap_or_else(|no| no)
}

/// Whether one of these is so: yes if one is, whatever the others are.
pub(super) fn any(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(answers.map(|answer| answer.map(|is| !is))).map(|none| !none)
}

/// Whether an argument is so: of a list, each item or none. One that has both, or nothing, is neither: whoever asks for
/// several things asks for each, and nothing may mean everything.
fn each(found: &Value, is: &dyn Fn(&Value) -> Option<bool>) -> Option<bool> {
    let Some(items) = found.as_array() else {
        return is(found);
    };
    let mut answers = items.iter().map(|item| each(item, is));
    let first = answers.next()??;
    answers.all(|answer| answer == Some(first)).then_some(first)
}

/// Whether two values are the same; numbers by what they are, and ids by how they read.
fn same(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) if a != b => Some(exactly(a)? == exactly(b)?),
        (Value::String(text), Value::Number(number))
        | (Value::Number(number), Value::String(text)) => Some(*text == number.to_string()),
        // What is said of no value is said of none.
        (Value::Null, _) | (_, Value::Null) => Some(false),
        _ if is_one(a) != is_one(b) => None,
        _ => Some(a == b),
    }
}

/// Whether it is one value, and not several in one.
fn is_one(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// A number as one that can be compared with any. None: it is too large for that.
fn exactly(number: &Number) -> Option<f64> {
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    number.as_f64().filter(|number| number.abs() < WHOLE_MAX)
}
