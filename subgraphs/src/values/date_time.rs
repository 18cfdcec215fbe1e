//! The `DateTime` scalar: a second in UTC, written as RFC 3339 says. The shop needs neither zones nor fractions.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

const DAY: i64 = 86_400;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct DateTime(i64);

impl DateTime {
    pub(crate) fn now() -> DateTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        DateTime(since.map_or(0, |since| since.as_secs() as i64))
    }

    /// Midnight at the start of 2025, from which the sample data counts.
    pub(crate) const fn opening() -> DateTime {
        DateTime(20_089 * DAY)
    }

    pub(crate) const fn plus_days(self, days: i64) -> DateTime {
        DateTime(self.0 + days * DAY)
    }

    pub(crate) const fn plus_minutes(self, minutes: i64) -> DateTime {
        DateTime(self.0 + minutes * 60)
    }
}

/// A moment in UTC, as in `2025-03-09T14:05:00Z`.
#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => text.parse().map_err(InputValueError::custom),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut day, second) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let mut year = 1970;
        while day >= days_in_year(year) {
            day -= days_in_year(year);
            year += 1;
        }
        let mut month = 1;
        while day >= days_in_month(year, month) {
            day -= days_in_month(year, month);
            month += 1;
        }
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            out,
            "{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z",
            day + 1
        )
    }
}

impl FromStr for DateTime {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<DateTime, Self::Err> {
        read(text).ok_or("expected a moment in UTC from 1970 on, as in 2025-03-09T14:05:00Z")
    }
}

fn read(text: &str) -> Option<DateTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let in_range = year >= 1970
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !in_range {
        return None;
    }
    let days = (1970..year).map(days_in_year).sum::<i64>()
        + (1..month)
            .map(|month| days_in_month(year, month))
            .sum::<i64>()
        + day
        - 1;
    Some(DateTime(days * DAY + hour * 3600 + minute * 60 + second))
}

/// Three numbers of just these many digits.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn days_in_year(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_they_were_read() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2000-02-29T23:59:59Z",
            "2024-12-31T08:30:01Z",
            "2100-03-01T00:00:00Z",
        ] {
            assert_eq!(text.parse::<DateTime>().unwrap().to_string(), text);
        }
        assert_eq!(DateTime::opening().to_string(), "2025-01-01T00:00:00Z");
        let later = DateTime::opening().plus_days(59).plus_minutes(61);
        assert_eq!(later.to_string(), "2025-03-01T01:01:00Z");
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "yesterday",
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-01-01T24:00:00Z",
            "2025-01-01 00:00:00",
            "2025-01-01T00:00:00+01:00",
            "1969-12-31T23:59:59Z",
            "25-1-1T0:0:0Z",
            "+025-01-01T00:00:00Z",
        ] {
            assert!(text.parse::<DateTime>().is_err(), "{text}");
        }
    }
}
