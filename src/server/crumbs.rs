//! Cookies of HTTP/2 clients, which may send each in a header of its own.
//!
//! RFC 9113 section 8.2.3 has them joined before anybody looks who does not know HTTP/2: upstreams that read one line
//! would miss the rest.

use http::{HeaderMap, HeaderValue, header};

/// Makes one line of all crumbs.
pub(super) fn join(headers: &mut HeaderMap) {
    let crumbs = || headers.get_all(header::COOKIE).iter();
    if crumbs().nth(1).is_none() {
        return;
    }
    let line: Vec<&[u8]> = crumbs().map(HeaderValue::as_bytes).collect();
    // What were values are one together.
    if let Ok(mut line) = HeaderValue::from_bytes(&line.join(&b"; "[..])) {
        line.set_sensitive(crumbs().any(HeaderValue::is_sensitive));
        headers.insert(header::COOKIE, line);
    }
}

#[cfg(test)]
mod tests {
    //! What is one line, and stays one.

    use super::*;

    #[test]
    fn crumbs_are_one_cookie_in_their_order() {
        for (crumbs, joined) in [
            (&[][..], &[][..]),
            (&["a=1; b=2"], &["a=1; b=2"]),
            (
                &["a=1", "b=2; c=\u{e4}", "a=3"],
                &["a=1; b=2; c=\u{e4}; a=3"],
            ),
        ] {
            let mut headers = HeaderMap::new();
            for crumb in crumbs {
                let crumb = HeaderValue::from_bytes(crumb.as_bytes()).unwrap();
                headers.append(header::COOKIE, crumb);
            }
            join(&mut headers);
            let lines = headers.get_all(header::COOKIE).iter();
            let lines: Vec<&[u8]> = lines.map(HeaderValue::as_bytes).collect();
            let joined: Vec<&[u8]> = joined.iter().map(|line| line.as_bytes()).collect();
            assert_eq!(lines, joined);
        }
    }
}
