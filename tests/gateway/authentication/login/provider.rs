//! An OpenID provider that does what a test has it do, the wrong thing for the most part.

use super::super::{
    in_seconds,
    issuer::{Key, base64},
    key_set,
};
use crate::kit::Message;
use percent_encoding::percent_decode_str;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
};

/// Pairs of a form or a query.
pub(super) type Pairs = BTreeMap<String, String>;

/// How it answers a request for tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    /// It has no tokens for anybody.
    Refusing,
    Failing,
    /// It answers when [`Provider::open`] lets it.
    Slow,
    /// It answers with 50 MB, and tokens among them.
    Endless,
    /// It takes any code, whoever shows it.
    Credulous,
}

/// What it does to an ID token, of which it gets claims and header.
pub(super) type Lie = fn(&mut Value, &mut Value);

pub(super) struct Script {
    pub(super) mood: Mood,
    pub(super) lie: Lie,
    /// What of its metadata is otherwise.
    metadata: Value,
    /// Signs in place of its key.
    forger: Option<Key>,
    /// Added to answers with tokens.
    pub(super) more: Value,
    /// Whose identity it gives out.
    pub(super) claims: Value,
    key: Key,
    /// What was asked for with each code.
    codes: BTreeMap<String, Pairs>,
    /// The refresh tokens that count.
    refresh_tokens: Vec<String>,
    /// Forms that it has got for tokens, and for taking them back.
    asked: Vec<Pairs>,
    revoked: Vec<Pairs>,
    number: usize,
    is_open: bool,
}

#[derive(Clone)]
pub(super) struct Provider {
    pub(super) address: SocketAddr,
    script: Arc<(Mutex<Script>, Condvar)>,
}

pub(super) const CLIENT_ID: &str = "the gate";
pub(super) const CLIENT_SECRET: &str = "it's +a secret";

impl Provider {
    pub(super) fn start() -> Self {
        Self::saying(json!({}))
    }

    /// One whose metadata are otherwise in this.
    pub(super) fn saying(metadata: Value) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let script = Script {
            mood: Mood::Good,
            lie: |_, _| {},
            metadata,
            forger: None,
            more: json!({ "expires_in": 3600 }),
            claims: json!({ "sub": "u1", "name": "Ada", "groups": ["staff"], "secret": "s" }),
            key: Key::p256("k"),
            codes: BTreeMap::new(),
            refresh_tokens: Vec::new(),
            asked: Vec::new(),
            revoked: Vec::new(),
            number: 0,
            is_open: false,
        };
        let provider = Self {
            address,
            script: Arc::new((Mutex::new(script), Condvar::new())),
        };
        let serving = provider.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let serving = serving.clone();
                thread::spawn(move || serving.serve(stream.unwrap()));
            }
        });
        provider
    }

    pub(super) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.0.lock().unwrap()
    }

    pub(super) fn mood(&self, mood: Mood) {
        self.script().mood = mood;
    }

    /// Has somebody else sign from now on.
    pub(super) fn is_forged_by(&self, forger: Key) {
        self.script().forger = Some(forger);
    }

    /// Lets slow answers go.
    pub(super) fn open(&self) {
        self.script().is_open = true;
        self.script.1.notify_all();
    }

    /// What it was asked for tokens, and forgets.
    pub(super) fn take_asked(&self) -> Vec<Pairs> {
        std::mem::take(&mut self.script().asked)
    }

    /// Waits until it was asked for tokens so often.
    pub(super) fn wait_for_asked(&self, count: usize) {
        let script = self.script();
        let waited = self
            .script
            .1
            .wait_while(script, |script| script.asked.len() < count);
        drop(waited.unwrap());
    }

    /// Waits until a token was taken back; the form.
    pub(super) fn wait_for_revoked(&self) -> Pairs {
        let script = self.script();
        let waited = self
            .script
            .1
            .wait_while(script, |script| script.revoked.is_empty());
        waited.unwrap().revoked.remove(0)
    }

    /// Somebody signs in: the code for what their browser was sent with.
    pub(super) fn code_for(&self, asked: &Pairs) -> String {
        let mut script = self.script();
        script.number += 1;
        let code = format!("code-{}", script.number);
        script.codes.insert(code.clone(), asked.clone());
        code
    }

    fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Ok(Some(request)) = Message::read(&mut stream) {
            let path = request.start.split(' ').nth(1).unwrap().to_owned();
            let (status, body) = match path.as_str() {
                "/.well-known/openid-configuration" => (200, self.metadata().to_string()),
                "/keys" => (200, key_set(&[&self.script().key])),
                "/token" => self.tokens(&request),
                "/revoke" => {
                    self.script().revoked.push(form(&request.body));
                    self.script.1.notify_all();
                    (200, String::new())
                }
                _ => (404, String::new()),
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            if stream
                .get_mut()
                .write_all((head + &body).as_bytes())
                .is_err()
            {
                return;
            }
        }
    }

    fn metadata(&self) -> Value {
        let issuer = self.issuer();
        let mut metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize?tenant=1"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "end_session_endpoint": format!("{issuer}/end"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "authorization_response_iss_parameter_supported": true,
        });
        merge(&mut metadata, &self.script().metadata);
        metadata
    }

    fn tokens(&self, request: &Message) -> (u16, String) {
        let form = form(&request.body);
        let mut script = self.script();
        script.asked.push(form.clone());
        self.script.1.notify_all();
        let refused = || (400, json!({ "error": "invalid_grant" }).to_string());
        match script.mood {
            Mood::Failing => return (500, String::new()),
            Mood::Refusing => return refused(),
            Mood::Slow => {
                let waited = self.script.1.wait_while(script, |script| !script.is_open);
                script = waited.unwrap();
            }
            Mood::Good | Mood::Credulous | Mood::Endless => {}
        }
        let basic = "Basic dGhlJTIwZ2F0ZTppdCUyN3MlMjAlMkJhJTIwc2VjcmV0";
        if request.header("authorization") != Some(basic) {
            return (401, json!({ "error": "invalid_client" }).to_string());
        }
        let of = |name: &str| form.get(name).cloned().unwrap_or_default();
        let nonce = match of("grant_type").as_str() {
            "authorization_code" => {
                let Some(asked) = script.codes.remove(&of("code")) else {
                    return refused();
                };
                let challenge = digest(&SHA256, of("code_verifier").as_bytes());
                let is_right = asked["code_challenge"] == base64(challenge.as_ref())
                    && asked["redirect_uri"] == of("redirect_uri");
                if !is_right && script.mood != Mood::Credulous {
                    return refused();
                }
                Some(asked["nonce"].clone())
            }
            _ => {
                let token = of("refresh_token");
                let Some(index) = script
                    .refresh_tokens
                    .iter()
                    .position(|known| *known == token)
                else {
                    return refused();
                };
                // Each counts once.
                script.refresh_tokens.remove(index);
                None
            }
        };
        let mut granted = self.granted(&mut script, nonce);
        if script.mood == Mood::Endless {
            granted["more"] = "x".repeat(50_000_000).into();
        }
        (200, granted.to_string())
    }

    fn granted(&self, script: &mut Script, nonce: Option<String>) -> Value {
        script.number += 1;
        let access_token = format!("access-{}", script.number);
        let refresh_token = format!("refresh-{}", script.number);
        script.refresh_tokens.push(refresh_token.clone());
        let hash = digest(&SHA256, access_token.as_bytes());
        let mut claims = json!({
            "iss": self.issuer(),
            "aud": CLIENT_ID,
            "iat": in_seconds(0),
            "exp": in_seconds(600),
            "at_hash": base64(&hash.as_ref()[..16]),
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        merge(&mut claims, &script.claims);
        let mut header = json!({ "alg": "ES256", "kid": "k" });
        (script.lie)(&mut claims, &mut header);
        let signer = script.forger.as_ref().unwrap_or(&script.key);
        let id_token = match header["alg"].as_str() {
            Some("none") => {
                let (header, claims) = (header.to_string(), claims.to_string());
                format!(
                    "{}.{}.",
                    base64(header.as_bytes()),
                    base64(claims.as_bytes())
                )
            }
            _ => signer.sign(&header, &claims.to_string()),
        };
        let mut answer = json!({
            "access_token": access_token,
            "token_type": "bearer",
            "refresh_token": refresh_token,
            "id_token": id_token,
        });
        merge(&mut answer, &script.more);
        answer
    }
}

/// Sets what another object has; what it has as null is taken away.
fn merge(into: &mut Value, other: &Value) {
    for (name, value) in other.as_object().unwrap() {
        match value {
            Value::Null => into.as_object_mut().unwrap().remove(name),
            value => into
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
}

fn form(body: &[u8]) -> Pairs {
    pairs(std::str::from_utf8(body).unwrap())
}

/// Pairs as they are written.
pub(super) fn pairs(text: &str) -> Pairs {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}
