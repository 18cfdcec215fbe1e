//! B3 propagation, as Zipkin has it: which trace a request belongs to, read from one header or from several.
//!
//! See <https://github.com/openzipkin/b3-propagation>. It is read only; what goes on is W3C Trace Context.

use super::trace_context::{TraceContext, hexadecimal};
use http::{HeaderMap, HeaderName};

const B3: HeaderName = HeaderName::from_static("b3");
const TRACE_ID: HeaderName = HeaderName::from_static("x-b3-traceid");
const SPAN_ID: HeaderName = HeaderName::from_static("x-b3-spanid");
const SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
const FLAGS: HeaderName = HeaderName::from_static("x-b3-flags");

/// The context that headers carry, and whether they say if it is sampled: if not, whoever receives it decides.
pub(super) fn read(headers: &HeaderMap) -> Option<(TraceContext, bool)> {
    let text = |name: &HeaderName| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(only), None) => only.to_str().ok(),
            _ => None,
        }
    };
    if let Some(single) = text(&B3) {
        let mut parts = single.split('-');
        return context(parts.next()?, parts.next()?, parts.next());
    }
    let sampled = match text(&FLAGS) {
        Some("1") => Some("d"),
        _ => text(&SAMPLED),
    };
    context(text(&TRACE_ID)?, text(&SPAN_ID)?, sampled)
}

fn context(trace: &str, span: &str, sampled: Option<&str>) -> Option<(TraceContext, bool)> {
    let trace_id = hexadecimal(trace, 32).or_else(|| hexadecimal(trace, 16))?;
    let span_id = hexadecimal(span, 16)?;
    let sampled = match sampled {
        Some("1" | "d" | "true") => Some(true),
        Some("0" | "false") => Some(false),
        Some(_) | None => None,
    };
    let context = TraceContext {
        trace_id,
        span_id: span_id as u64,
        sampled: sampled.unwrap_or_default(),
        state: None,
    };
    (trace_id != 0 && span_id != 0).then_some((context, sampled.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "80f198ee56343ba864fe8b2a57d3eff7";
    const SPAN: &str = "e457b5a2e4d86bd1";

    /// Trace, span, whether it is sampled and whether that is said.
    fn seen(pairs: &[(&'static str, &str)]) -> Option<(u128, u64, bool, bool)> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        let (context, is_said) = read(&headers)?;
        Some((context.trace_id, context.span_id, context.sampled, is_said))
    }

    #[test]
    fn both_forms_say_the_same() {
        let (trace, span) = (
            0x80f1_98ee_5634_3ba8_64fe_8b2a_57d3_eff7,
            0xe457_b5a2_e4d8_6bd1,
        );
        for (single, sampled, expected) in [
            ("-1", Some("1"), (true, true)),
            ("-0-05e3ac9a4f6e3b90", Some("0"), (false, true)),
            ("-d", Some("true"), (true, true)),
            ("", None, (false, false)),
        ] {
            let expected = Some((trace, span, expected.0, expected.1));
            assert_eq!(seen(&[("b3", &format!("{LONG}-{SPAN}{single}"))]), expected);
            let mut several = vec![("x-b3-traceid", LONG), ("x-b3-spanid", SPAN)];
            several.extend(sampled.map(|sampled| ("x-b3-sampled", sampled)));
            assert_eq!(seen(&several), expected);
        }
        let debug = [
            ("x-b3-traceid", LONG),
            ("x-b3-spanid", SPAN),
            ("x-b3-flags", "1"),
        ];
        assert_eq!(seen(&debug), Some((trace, span, true, true)));
        assert_eq!(
            seen(&[("b3", &format!("{}-{SPAN}-1", &LONG[16..]))])
                .unwrap()
                .0,
            trace & u128::from(u64::MAX)
        );
    }

    #[test]
    fn what_is_malformed_counts_as_absent() {
        let zero = "0".repeat(32);
        for bad in [
            "",
            "0",
            "1",
            LONG,
            &format!("{LONG}-"),
            &format!("{zero}-{SPAN}-1"),
            &format!("{LONG}-{}-1", &zero[16..]),
            &format!("{}-{SPAN}", LONG.to_uppercase()),
            &format!("{}-{SPAN}", &LONG[1..]),
        ] {
            assert_eq!(seen(&[("b3", bad)]), None, "{bad}");
        }
        assert_eq!(seen(&[("x-b3-traceid", LONG)]), None);
        let twice = [
            ("x-b3-traceid", LONG),
            ("x-b3-traceid", LONG),
            ("x-b3-spanid", SPAN),
        ];
        assert_eq!(seen(&twice), None);
    }
}
