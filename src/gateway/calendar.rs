//! The Gregorian calendar: days by their number since 1970.

/// The number of a day since 1970. Years are counted from March here, so that a leap day is the last of its year; 400 of
/// them have 146,097 days.
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + year * 365 + year / 4 - year / 100 + of_year - 719_468
}

/// Year, month and day of a day by its number.
pub(super) fn civil(number: i64) -> (i64, i64, i64) {
    let number = number + 719_468;
    let (era, day) = (number.div_euclid(146_097), number.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = (month + 2) % 12 + 1;
    let year = era * 400 + year + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_each_other() {
        let mut last = civil(-1_000_000);
        for number in -999_999..1_000_000 {
            let (year, month, day) = civil(number);
            assert_eq!(days(year, month, day), number);
            assert!((year, month, day) > last);
            last = (year, month, day);
        }
    }
}
