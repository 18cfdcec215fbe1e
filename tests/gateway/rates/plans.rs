//! Plans of consumers.

use super::{APP, CONSUMERS, PARTNER, code, reload, router, standing, status, statuses};
use crate::kit::Client;

/// What `app` may do by its plan, at a route that asks who it is and at one that does not.
fn planned(plan: &str) -> String {
    format!(
        "{CONSUMERS}
plans: {{ standard: {plan}, larger: {{ quota: {{ limit: 5, period: month }} }} }}
policies: {{ keys: {{ auth: [api_key] }} }}
routes: [{{ match: {{ path: /a }}, respond: {{ body: a }}, policies: [keys] }}, {{ match: {{ path: /free }}, respond: {{ body: free }} }}]
"
    )
}

fn by(header: &str) -> String {
    format!("GET /a\n{header}")
}

#[test]
fn a_plan_throttles_and_has_a_quota() {
    let router = router(&planned(
        "{ rate: 0.001, burst: 2, quota: { limit: 3, period: month } }",
    ));
    let mut client = Client::connect(router.address);
    let first = client.request(&by(APP));
    assert_eq!(standing(&first), "\"standard\";r=1, \"standard-quota\";r=2");
    assert_eq!(
        first.header("ratelimit-policy"),
        Some("\"standard\";q=2;w=2000, \"standard-quota\";q=3")
    );
    assert_eq!(status(&client.request(&by(APP))), 200);
    let throttled = client.request(&by(APP));
    assert_eq!(
        (status(&throttled), code(&throttled).as_str()),
        (429, "RATE_LIMITED")
    );
    assert_eq!(standing(&throttled), "\"standard\";r=0");
    // Nobody else's.
    assert_eq!(statuses(&router, &by(PARTNER), 4), [200; 4]);
    assert_eq!(statuses(&router, "GET /free", 4), [200; 4]);
}

#[test]
fn a_quota_that_is_used_up_is_told_as_such() {
    let router = router(&planned(
        "{ rate: 1000, quota: { limit: 3, period: month } }",
    ));
    assert_eq!(statuses(&router, &by(APP), 4), [200, 200, 200, 429]);
    let refused = Client::connect(router.address).request(&by(APP));
    assert_eq!(code(&refused), "QUOTA_EXCEEDED");
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=31 * 86_400).contains(&wait), "{wait}");
}

#[test]
fn a_quota_is_the_consumers_whatever_plan_it_has() {
    let config = planned("{ quota: { limit: 3, period: month } }");
    let router = router(&config);
    assert_eq!(statuses(&router, &by(APP), 4), [200, 200, 200, 429]);
    reload(&router, &config);
    assert_eq!(statuses(&router, &by(APP), 1), [429]);
    reload(&router, &config.replace("plan: standard", "plan: larger"));
    assert_eq!(statuses(&router, &by(APP), 3), [200, 200, 429]);
    // What a policy says comes on top.
    let limit = "keys: { rate_limit: { by: consumer, capacity: 1, interval: 1h },";
    let config = planned("{ quota: { limit: 7, period: month } }").replace("keys: {", limit);
    reload(&router, &config);
    assert_eq!(statuses(&router, &by(APP), 3), [200, 429, 429]);
    assert_eq!(statuses(&router, &by(PARTNER), 2), [200, 429]);
}

#[test]
fn clients_that_come_together_get_what_one_would() {
    let router = router(&planned("{ quota: { limit: 60, period: month } }"));
    let address = router.address;
    let count = || {
        let mut client = Client::connect(address);
        let answers = (0..40).map(|_| status(&client.request(&by(APP))));
        answers.filter(|status| *status == 200).count()
    };
    let admitted: usize = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    });
    assert_eq!(admitted, 60);
}
