//! What a provider gives for a code or a refresh token (RFC 6749 section 5).

use serde::Deserialize;

/// Tokens, as they are answered. It is not `Debug`: tokens are secrets.
#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) access_token: String,
    token_type: String,
    expires_in: Option<serde_json::Number>,
    pub(super) refresh_token: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) id_token: Option<String>,
}

/// What a session takes of it.
pub(super) struct Granted {
    pub(super) access_token: Option<String>,
    pub(super) refresh_token: Option<String>,
    /// How long the access token is valid.
    pub(super) seconds: u64,
}

/// The provider is asked so long before an access token ends, for clocks differ and requests take time…
const EARLY_SECONDS_MAX: u64 = 30;
/// …and not before this part of its time is left.
const EARLY_PARTS: u64 = 10;

impl Answer {
    /// None: these are no bearer tokens.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let answer: Self = serde_json::from_slice(body).ok()?;
        let is_bearer = answer.token_type.eq_ignore_ascii_case("bearer");
        (is_bearer && !answer.access_token.is_empty()).then_some(answer)
    }

    /// How long the access token is valid, if the provider says so.
    pub(super) fn seconds(&self) -> Option<u64> {
        let seconds = self.expires_in.as_ref()?.as_f64()?;
        (seconds >= 0.0).then_some(seconds as u64)
    }
}

impl Granted {
    /// When there must be another one, in seconds since 1970.
    pub(super) fn due(&self, now: u64) -> u64 {
        let early = (self.seconds / EARLY_PARTS).min(EARLY_SECONDS_MAX);
        now.saturating_add(self.seconds - early)
    }
}

/// Why a provider gives nothing, by the code that it answers, if it does.
pub(super) fn refusal(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    let Refusal { error } = serde_json::from_slice(body).ok()?;
    error_code(&error).map(str::to_owned)
}

/// A text, if it can be the code of an error (section 5.2), and so be shown in logs: a word.
pub(super) fn error_code(text: &str) -> Option<&str> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (text.len() <= 40 && text.bytes().all(is_letter)).then_some(text)
}
