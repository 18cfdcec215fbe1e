//! Numbers of a JSON array, many at once.
//!
//! Their lengths follow no pattern, so a loop over their digits ends where the processor did not expect it, and that takes
//! longer than all the rest: 14 ns a number. Here 64 bytes are looked at together, without a branch: 3 ns for an integer,
//! 8 for a long fraction.

use wide::u8x64;

/// How much is looked at.
pub(super) const WINDOW: usize = 64;

/// Numbers that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// All of it in bytes, with what stands behind the last one.
    pub length: usize,
    pub count: usize,
    /// Whether the end of the array stands behind the last one, and not a comma.
    pub closes: bool,
}

/// The numbers that a text begins with, up to the last one that ends within it, if they are all written without exponent and
/// white space and, with `small_integers`, are integers of 32 bits, but for `-0`. None: some are not, or are no numbers.
#[inline]
pub(super) fn run(window: &[u8; WINDOW], small_integers: bool) -> Option<Run> {
    let Seen {
        digits,
        zeros,
        ones,
        points,
        signs,
        commas,
        brackets,
    } = Seen::in_window(window);
    // Everything below is a set of places; the first byte is the lowest bit.
    let bracket = brackets & brackets.wrapping_neg();
    let ends = commas & bracket.wrapping_sub(1) | bracket;
    let length = 64 - ends.leading_zeros();
    let inside = u64::MAX.checked_shr(64 - length)?;
    let starts = (1 | ends << 1) & inside;
    let signed = (starts & signs) << 1;
    let firsts = starts & !signs | signed;
    let fractions = points << 1 & digits;
    // A carry runs through the digits behind a point, up to what stands behind them.
    let behind_fractions = digits.wrapping_add(fractions) & !digits;
    let mut wrong = !(digits | points | signs | ends)
        | signs & !starts
        | firsts & !digits
        | points & !(digits << 1 & digits >> 1)
        | behind_fractions & !ends
        | (firsts & zeros) << 1 & digits;
    if small_integers {
        let eight = [1, 2, 4]
            .into_iter()
            .fold(digits, |run, by| run & run >> by);
        let ten = eight & eight >> 2;
        wrong |= points | signed & zeros | ten & ten >> 1;
        // Of ten digits, those that begin with a 1 are small enough, which is most of them.
        let mut doubtful = ten & firsts & !ones;
        while doubtful != 0 {
            let first = doubtful.trailing_zeros();
            let most = match signed >> first & 1 {
                0 => b"2147483647",
                _ => b"2147483648",
            };
            wrong |= u64::from(window[first as usize..][..10] > most[..]) << first;
            doubtful &= doubtful - 1;
        }
    }
    (wrong & inside == 0).then_some(Run {
        length: length as usize,
        count: ends.count_ones() as usize,
        closes: bracket != 0,
    })
}

/// Where which bytes are.
struct Seen {
    digits: u64,
    zeros: u64,
    ones: u64,
    points: u64,
    signs: u64,
    commas: u64,
    brackets: u64,
}

impl Seen {
    #[inline]
    fn in_window(window: &[u8; WINDOW]) -> Self {
        let bytes = u8x64::new(*window);
        let every = |byte: u8| u8x64::splat(byte);
        let places_of = |byte: u8| bytes.simd_eq(every(byte)).to_bitmask();
        let values = bytes - every(b'0');
        Self {
            digits: values.min(every(9)).simd_eq(values).to_bitmask(),
            zeros: places_of(b'0'),
            ones: places_of(b'1'),
            points: places_of(b'.'),
            signs: places_of(b'-'),
            commas: places_of(b','),
            brackets: places_of(b']'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(text: &str, small_integers: bool) -> Option<Run> {
        let mut window = [b' '; WINDOW];
        for (place, byte) in window.iter_mut().zip(text.bytes()) {
            *place = byte;
        }
        run(&window, small_integers)
    }

    /// The same, by reading.
    fn read(text: &str, small_integers: bool) -> Option<Run> {
        let mut text = &text[..text.len().min(WINDOW)];
        let mut run = Run {
            length: 0,
            count: 0,
            closes: false,
        };
        while let Some(end) = text.find([',', ']']).filter(|_| !run.closes) {
            if !is_number(&text[..end], small_integers) {
                return None;
            }
            run.length += end + 1;
            run.count += 1;
            run.closes = text[end..].starts_with(']');
            text = &text[end + 1..];
        }
        (run.count > 0).then_some(run)
    }

    fn is_number(text: &str, small_integers: bool) -> bool {
        let is_plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.');
        let is_json = serde_json::from_str::<f64>(text).is_ok() && text.chars().all(is_plain);
        is_json && (!small_integers || text != "-0" && text.parse::<i32>().is_ok())
    }

    #[test]
    fn some_are_numbers() {
        let all = [
            "0,",
            "7]",
            "-0]",
            "-12.5,3",
            "0.125]",
            "1,2,3]4,x",
            "0,0.0,-1.5,10.01]",
            "123456789012345678901234567890123456789012345678901234567890123,",
        ];
        for text in all {
            assert!(seen(text, false).is_some(), "{text}");
            assert_eq!(seen(text, false), read(text, false), "{text}");
        }
        let not = [
            "",
            ",",
            "]",
            "-",
            "-,",
            "01,",
            "-01]",
            "1,01]",
            "1.,",
            ".5,",
            "-.5,",
            "1.2.3,",
            "1e5,",
            "--1,",
            "1,,2]",
            "1 ,",
            "1, 2]",
            "1",
            "+1,",
            "0x1,",
            "1-2,",
            "1.-2,",
            "1}",
            "1,-]",
            "1234567890123456789012345678901234567890123456789012345678901234,",
        ];
        for text in not {
            assert_eq!(seen(text, false), None, "{text}");
        }
        for text in [
            "1.0,",
            "-0]",
            "1,-0,2]",
            "2147483648,",
            "-2147483649]",
            "9999999999,",
            "12345678901,",
        ] {
            assert_eq!(seen(text, true), None, "{text}");
            assert!(seen(text, false).is_some(), "{text}");
        }
        let all = "2147483647,-2147483648,1999999999,-2000000000]";
        assert_eq!(seen(all, true).map(|run| run.count), Some(4));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn it_sees_what_reading_finds(
            text in "(-?(0|[1-9][0-9]{0,11}|[12][0-9]{9})(\\.[0-9]{1,9})?,){0,12}[,\\] e.0-]{0,3}[0-9,\\]]{0,9}",
            small_integers: bool,
        ) {
            prop_assert_eq!(seen(&text, small_integers), read(&text, small_integers));
        }
    }
}
