//! More requests at a time than there is room for. The limit itself is tested beside it.

use crate::{
    kit::{self, Answer, Client, Exchange, Fake, Router},
    telemetry::shop,
};

#[test]
fn what_is_over_the_limit_is_refused_at_once_and_the_rest_answered() {
    let users = Fake::start();
    let body = r#"{"data":{"me":{"name":"Ann"}}}"#;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
    let answer = format!("{head} {}\r\n\r\n{body}", body.len()).into_bytes();
    users.expect(vec![Exchange {
        expected: None,
        answer: Answer::Later(answer),
    }]);
    let config = "traffic_shaping: { router: { concurrency_limit: 1 } }\n";
    let router = Router::start(config, &shop(&[("users", &users)]));
    let mut first = Client::connect(router.address);
    let query = "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ me { name } }\"}";
    first.send(&kit::wire(query));
    users.wait_for_requests(1);

    let mut second = Client::connect(router.address);
    let refused = second
        .request("POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ me { id } }\"}");
    assert_eq!(refused.start, "HTTP/1.1 503 Service Unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(refused.text(&[]).contains("REQUEST_CONCURRENCY_LIMITED"));
    // Whether it is alive does not depend on that.
    assert_eq!(second.request("GET /health").start, "HTTP/1.1 200 OK");

    users.open();
    let answered = first.response().unwrap();
    assert_eq!(
        (answered.start.as_str(), answered.body.as_slice()),
        ("HTTP/1.1 200 OK", body.as_bytes())
    );
    // There is room again.
    let again = second
        .request("POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ __typename }\"}");
    assert_eq!(again.start, "HTTP/1.1 200 OK");
}

#[test]
fn who_sends_slowly_keeps_nobody_out() {
    let config = "traffic_shaping: { router: { concurrency_limit: 1 } }\n";
    let router = Router::start(config, &shop(&[]));
    let query = "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ __typename }\"}";
    let wire = kit::wire(query);
    let (most, last) = wire.split_at(wire.len() - 1);
    let mut slow = Client::connect(router.address);
    slow.send(most);
    let mut others = Client::connect(router.address);
    for _ in 0..20 {
        assert_eq!(others.request(query).start, "HTTP/1.1 200 OK");
    }
    slow.send(last);
    assert_eq!(slow.response().unwrap().start, "HTTP/1.1 200 OK");
}
