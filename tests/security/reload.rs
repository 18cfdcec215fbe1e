//! What was planned before a reload is held to what holds after it.

use super::{answer_all, post, status};
use crate::{
    kit::{Client, Fake, Router},
    telemetry::shop,
};
use graphway::{
    config::{self, Environment},
    gateway,
    schema::Supergraph,
};

fn parsed(config: &str) -> gateway::Config {
    let environment = Environment {
        variable: &|_| None,
        file: &|path| std::fs::read_to_string(path),
    };
    let parsed = config::parse("router.yaml", config, &environment).unwrap();
    parsed.config.gateway()
}

/// Apollo Router 2.12: plans in the cache were answered although they broke limits that had come into force.
#[test]
fn limits_hold_for_what_is_planned_already() {
    let query = post("{ a: me { id } b: me { name } }");
    for limit in [
        "max_depth: 1",
        "max_height: 3",
        "max_aliases: 1",
        "max_root_fields: 1",
    ] {
        let users = Fake::start();
        let sdl = shop(&[("users", &users)]);
        let router = Router::start(&format!("limits: {{ {limit}, warn_only: true }}\n"), &sdl);
        let mut client = Client::connect(router.address);
        let ask = |client: &mut Client| {
            answer_all(
                &users,
                1,
                "{\"data\":{\"a\":{\"id\":\"1\"},\"b\":{\"name\":\"Ada\"}}}",
            );
            status(&client.request(&query).start)
        };
        assert_eq!([ask(&mut client), ask(&mut client)], [200, 200]);
        users.take_seen();
        let enforced = parsed(&format!("limits: {{ {limit} }}\n"));
        let supergraph = Supergraph::parse(&sdl).unwrap();
        router.gateway.reload(&enforced, supergraph).unwrap();
        assert_eq!(ask(&mut client), 400, "{limit}");
        assert_eq!(users.take_seen(), Vec::<String>::new());
    }
}

/// The same for who may ask: a document that everybody could have is not for everybody any more.
#[test]
fn authentication_holds_for_what_is_planned_already() {
    let users = Fake::start();
    let sdl = shop(&[("users", &users)]);
    let router = Router::start("", &sdl);
    let mut client = Client::connect(router.address);
    let query = post("{ me { id } }");
    answer_all(&users, 1, "{\"data\":{\"me\":{\"id\":\"1\"}}}");
    assert_eq!(status(&client.request(&query).start), 200);
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let demanding = format!(
        "authentication: {{ api_key: {{}} }}\nconsumers: [{{ name: app, api_keys: [{{ sha256: {hash} }}] }}]\n\
         policies: {{ keys: {{ auth: [api_key] }} }}\ngraphql: {{ policies: [keys] }}\n"
    );
    let supergraph = Supergraph::parse(&sdl).unwrap();
    router
        .gateway
        .reload(&parsed(&demanding), supergraph)
        .unwrap();
    assert_eq!(status(&client.request(&query).start), 401);
    assert_eq!(users.take_seen().len(), 1);
}
