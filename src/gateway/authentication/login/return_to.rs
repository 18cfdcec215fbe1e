//! Where a browser goes when it is signed in: back to where it was, and nowhere else.

use super::super::login_config::Login;

/// Longer ones are left out, for they would not fit into a cookie.
const BYTES_MAX: usize = 1024;

/// The place, if it is a path here. Browsers read `\` as `/`, and leave out control characters: `//evil`, `/\evil` and
/// `/\t/evil` are hosts to them.
pub(super) fn return_to(written: &str, config: &Login) -> String {
    let path = written.split(['?', '#']).next().unwrap_or_default();
    let is_ours = [
        &config.callback_path,
        &config.start_path,
        &config.sign_out_path,
    ]
    .iter()
    .any(|ours| ours.as_str() == path);
    let is_path = written.starts_with('/')
        && !written.starts_with("//")
        && !written.contains('\\')
        && written.bytes().all(|byte| byte.is_ascii_graphic())
        && written.len() <= BYTES_MAX;
    match is_path && !is_ours {
        true => written.to_owned(),
        false => "/".to_owned(),
    }
}
