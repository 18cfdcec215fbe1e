//! What goes in comes out; what is broken, too large or nested does neither.

use super::*;
use proptest::prelude::*;
use std::io::Write;

/// JSON as answers are: keys again and again, values that differ.
fn json(bytes: usize) -> Vec<u8> {
    let mut text = Vec::from(*b"[");
    for index in 0u64.. {
        if text.len() >= bytes {
            break;
        }
        let number = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let item = format!("{{\"id\":\"product-{number:x}\",\"price\":{index},\"inStock\":true}},");
        text.extend_from_slice(item.as_bytes());
    }
    text
}

#[tokio::test]
async fn what_goes_in_comes_out_smaller_on_the_way() {
    for coding in Coding::ALL {
        for bytes in [2_000, IN_PLACE_BYTES_MAX, 300_000] {
            let body = Bytes::from(json(bytes));
            let coded = coding.compress(body.clone()).await.unwrap();
            assert!(coded.len() * 2 < body.len(), "{coding:?} {}", coded.len());
            let inflated = coding.inflate(coded.into(), body.len()).await;
            assert_eq!(inflated, Ok(body));
        }
    }
}

#[tokio::test]
async fn what_would_not_be_smaller_stays() {
    let noise: Vec<u8> = (0..2_000).map(|_| fastrand::u8(..)).collect();
    for coding in Coding::ALL {
        assert_eq!(coding.compress(noise.clone().into()).await, None);
        assert_eq!(coding.compress(Bytes::new()).await, None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_come_out_as_they_went_in(body: Vec<u8>, repeated in 1..300usize) {
        let body = body.repeat(repeated);
        for coding in Coding::ALL {
            let coded = coding.compressed(&body).unwrap();
            let inflated = coding.inflated(&coded, body.len());
            prop_assert_eq!(inflated.as_ref(), Ok(&body));
            if let Some(limit) = body.len().checked_sub(1) {
                let refused = coding.inflated(&coded, limit);
                prop_assert_eq!(refused, Err(InflateError::TooLarge { limit }));
            }
        }
    }

    #[test]
    fn any_bytes_are_read_without_harm(body: Vec<u8>) {
        for coding in Coding::ALL {
            if let Ok(inflated) = coding.inflated(&body, 1_000) {
                prop_assert!(inflated.len() <= 1_000);
            }
        }
    }

    #[test]
    fn damage_does_no_harm(at: prop::sample::Index, with: u8) {
        for coding in Coding::ALL {
            let mut coded = coding.compressed(&json(3_000)).unwrap();
            let at = at.index(coded.len());
            coded[at] ^= with;
            // Not all codings have a checksum; what matters is the end, and the limit.
            if let Ok(inflated) = coding.inflated(&coded, 1_000_000) {
                prop_assert!(inflated.len() <= 1_000_000);
            }
        }
    }
}

#[test]
fn what_is_cut_short_is_not_valid() {
    let body = json(3_000);
    for coding in Coding::ALL {
        let coded = coding.compressed(&body).unwrap();
        for length in 0..coded.len() {
            let cut = coding.inflated(&coded[..length], usize::MAX);
            assert_eq!(cut, Err(InflateError::Invalid(coding.name())), "{length}");
        }
    }
}

#[test]
fn what_comes_after_the_end_is_not_valid() {
    for coding in Coding::ALL {
        let mut coded = coding.compressed(b"{}").unwrap();
        coded.extend_from_slice(b"{}");
        let read = coding.inflated(&coded, 100);
        assert_eq!(read, Err(InflateError::Invalid(coding.name())));
    }
}

#[test]
fn what_is_in_another_coding_is_not_valid() {
    let body = json(3_000);
    for (is, says) in [
        (Coding::Gzip, Coding::Zstd),
        (Coding::Zstd, Coding::Gzip),
        (Coding::Gzip, Coding::Brotli),
    ] {
        let coded = is.compressed(&body).unwrap();
        let read = says.inflated(&coded, usize::MAX);
        assert_eq!(read, Err(InflateError::Invalid(says.name())));
        let plain = says.inflated(&body, usize::MAX);
        assert_eq!(plain, Err(InflateError::Invalid(says.name())));
    }
}

#[tokio::test]
async fn a_bomb_ends_at_the_limit() {
    for coding in Coding::ALL {
        let bomb = Bytes::from(coding.compressed(&vec![b' '; 10_000_000]).unwrap());
        assert!(bomb.len() < IN_PLACE_BYTES_MAX, "{coding:?}");
        for limit in [1_000, 2_000_000] {
            let read = coding.inflate(bomb.clone(), limit).await;
            assert_eq!(read, Err(InflateError::TooLarge { limit }));
        }
    }
}

#[test]
fn windows_are_no_larger_than_in_http() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(24).unwrap();
    encoder.write_all(&json(3_000)).unwrap();
    let coded = encoder.finish().unwrap();
    let read = Coding::Zstd.inflated(&coded, usize::MAX);
    assert_eq!(read, Err(InflateError::Invalid("zstd")));

    let parameters = brotli::enc::BrotliEncoderParams {
        large_window: true,
        lgwin: 28,
        ..Default::default()
    };
    let mut coded = Vec::new();
    brotli::BrotliCompress(&mut &*json(3_000), &mut coded, &parameters).unwrap();
    let read = Coding::Brotli.inflated(&coded, usize::MAX);
    assert_eq!(read, Err(InflateError::Invalid("br")));
}

#[test]
fn codings_are_known_by_their_names() {
    let of = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(value));
        }
        Coding::of(&headers)
    };
    assert_eq!(of(&[]), Ok(None));
    assert_eq!(of(&["identity"]), Ok(None));
    assert_eq!(of(&["X-Gzip"]), Ok(Some(Coding::Gzip)));
    for coding in Coding::ALL {
        assert_eq!(of(&[coding.name()]), Ok(Some(coding)));
    }
    assert_eq!(of(&["deflate"]), Err(UnknownCoding));
    assert_eq!(of(&["gzip, gzip"]), Err(UnknownCoding));
    assert_eq!(of(&["gzip", "br"]), Err(UnknownCoding));
    assert_eq!(of(&[""]), Err(UnknownCoding));
}
