//! Days of the calendar, as configuration writes them and headers say them.

use crate::gateway::calendar::{civil, days};
use http::HeaderValue;
use serde::Deserialize;

/// A moment, in seconds since 1970: `2026-11-30`, which is when that day begins, or `2026-11-30T12:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Date(i64);

const DAY: i64 = 86_400;
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl Date {
    /// As a date of structured fields (RFC 9651 section 3.3.7).
    pub(super) fn structured(self) -> HeaderValue {
        ascii(format!("@{}", self.0))
    }

    /// As a date of HTTP (RFC 9110 section 5.6.7).
    pub(super) fn http(self) -> HeaderValue {
        let (days, seconds) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (year, month, day) = civil(days);
        let weekday = WEEKDAYS[usize::try_from(days.rem_euclid(7)).unwrap_or_default()];
        let month = MONTHS[usize::try_from(month - 1).unwrap_or_default()];
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        ascii(format!(
            "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"
        ))
    }
}

fn ascii(text: String) -> HeaderValue {
    // Letters and digits, which headers can always hold.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

impl TryFrom<String> for Date {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let date = read(&written);
        date.ok_or_else(|| {
            format!("`{written}` is not a date; write 2026-11-30 or 2026-11-30T12:00:00Z")
        })
    }
}

fn read(written: &str) -> Option<Date> {
    let (date, time) = match written.split_once('T') {
        Some((date, time)) => (date, Some(time.strip_suffix('Z')?)),
        None => (written, None),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let number = days(year, month, day);
    // What is not in the calendar comes back as another day.
    if civil(number) != (year, month, day) {
        return None;
    }
    let [hour, minute, second] = match time {
        Some(time) => numbers(time, ':', [2, 2, 2])?,
        None => [0; 3],
    };
    let exists = hour < 24 && minute < 60 && second < 60;
    exists.then_some(Date(number * DAY + hour * 3600 + minute * 60 + second))
}

/// Three numbers of so many digits.
fn numbers(written: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = written.split(separator);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = part.parse().ok().filter(|_| is_number)?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let cases = [
            ("1970-01-01", "@0", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (
                "1994-11-06T08:49:37Z",
                "@784111777",
                "Sun, 06 Nov 1994 08:49:37 GMT",
            ),
            ("2000-02-29", "@951782400", "Tue, 29 Feb 2000 00:00:00 GMT"),
            (
                "2023-06-30T23:59:59Z",
                "@1688169599",
                "Fri, 30 Jun 2023 23:59:59 GMT",
            ),
            ("1969-12-31", "@-86400", "Wed, 31 Dec 1969 00:00:00 GMT"),
        ];
        for (written, structured, http) in cases {
            let date = Date::try_from(written.to_owned()).unwrap();
            assert_eq!(date.structured(), structured, "{written}");
            assert_eq!(date.http(), http, "{written}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for written in [
            "",
            "2026",
            "2026-02-29",
            "2026-13-01",
            "2026-1-1",
            "2026-01-01T24:00:00Z",
            "2026-01-01T12:00:00",
            "2026-01-01T12:00Z",
            "+026-01-01",
            "2026-01-01-01",
        ] {
            assert!(Date::try_from(written.to_owned()).is_err(), "{written}");
        }
    }
}
