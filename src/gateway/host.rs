//! What a host looks like, in every version of HTTP.

/// Whether this is a host and perhaps a port. Less than what RFC 3986 allows: no `,`, which is what two hosts become
/// when someone joins them; nothing encoded; no user.
pub fn is_host(value: &[u8]) -> bool {
    let (host, after) = if value.first() == Some(&b'[') {
        let Some(end) = value.iter().position(|byte| *byte == b']') else {
            return false;
        };
        let is_address = value[1..end]
            .iter()
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
        if !is_address {
            return false;
        }
        (&value[1..end], &value[end + 1..])
    } else {
        let end = value.iter().position(|byte| *byte == b':');
        let (host, after) = value.split_at(end.unwrap_or(value.len()));
        let is_name = host
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'));
        if !is_name {
            return false;
        }
        (host, after)
    };
    let is_port = match after {
        [] => true,
        [b':', port @ ..] => matches!(port.len(), 1..=5) && port.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    !host.is_empty() && is_port
}

#[cfg(test)]
mod tests {
    //! What is a host, and what only looks like one.

    use super::is_host;

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for good in [
            "a",
            "shop.example",
            "my_service:80",
            "10.0.0.1:8080",
            "[::1]",
            "[::1]:443",
            "a.",
        ] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "", ":80", "a:", "a:x", "a:123456", "a b", "a,b", "u@a", "a/b", "a%2eb", "[::1", "::1",
            "[]", "[g]", "[::1]x", "a:80:80", "ä",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }
}
