//! Settings that cannot be meant so.

use graphway::config::{Environment, parse};

/// What is said of `login` with this in place of what it has.
fn told(instead: &str) -> String {
    let mut lines: Vec<String> = [
        "issuer: https://accounts.example",
        "client_id: gate",
        "base_url: https://shop.example",
        "secrets: [0123456789abcdef0123456789abcdef]",
    ]
    .map(str::to_owned)
    .into();
    for line in instead.lines() {
        let key = line.split(':').next().unwrap();
        lines.retain(|known| known.split(':').next() != Some(key));
        lines.push(line.to_owned());
    }
    let lines: String = lines.iter().map(|line| format!("    {line}\n")).collect();
    let environment = Environment {
        variable: &|_| None,
        file: &|_| Err(std::io::ErrorKind::NotFound.into()),
    };
    let text = format!("authentication:\n  login:\n{lines}");
    match parse("router.yaml", &text, &environment) {
        Ok(_) => "good".to_owned(),
        Err(error) => error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

#[test]
fn settings_are_refused_where_they_are() {
    let told: Vec<String> = [
        "client_id: gate",
        "issuer: http://localhost:3000\nbase_url: http://127.0.0.1:4000/",
        "issuer: http://accounts.example",
        "issuer: https://accounts.example/?a=b",
        "issuer: https://accounts.example/#a",
        "issuer: accounts.example",
        "client_id: \"\"",
        "client_secret: \"\"",
        "base_url: http://shop.example",
        "base_url: https://shop.example/path",
        "scopes: [profile]",
        "scopes: [openid, \"a b\"]",
        "secrets: []",
        "secrets: [short]",
        "cookie_name: session",
        "cookie_name: \"__Host-a=b\"",
        "session: { idle: 0s }",
        "session: { max_age: 1m, idle: 2m }",
        "callback_path: /graphql",
        "callback_path: /oauth2/sign_in",
        "start_path: sign_in",
        "authorization_parameters: { nonce: a }",
        "audience: a",
    ]
    .map(|instead| format!("{}\n  {}", instead.replace('\n', ", "), told(instead)))
    .into();
    insta::assert_snapshot!(told.join("\n"));
}
