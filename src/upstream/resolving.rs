//! The task that looks up the names of an upstream's endpoints, so that each of their addresses is one by itself.

use super::{Endpoint, Upstream, WeightedEndpoint, member::Member};
use futures_util::future::join_all;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    net::lookup_host,
    time::{sleep, timeout},
};

const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// Where an endpoint is: None if its name is not to be looked up, or could not be yet.
type Located = (Endpoint, Option<SocketAddr>, u32);

/// Looks names up until nobody uses the upstream.
pub(super) async fn keep(upstream: Weak<Upstream>) {
    while let Some(upstream) = upstream.upgrade() {
        let Some(rest) = upstream.config.dns.as_ref().map(|dns| dns.refresh) else {
            return;
        };
        let answers = join_all(upstream.endpoints().iter().map(look_up)).await;
        for (given, answer) in upstream.endpoints().iter().zip(&answers) {
            if let Some(Err(error)) = answer {
                tracing::warn!(
                    upstream = upstream.name(), endpoint = %given.endpoint, %error,
                    "a name could not be looked up; its last addresses are kept"
                );
            }
        }
        let found = located(upstream.endpoints(), &answers, &upstream.members());
        upstream.set_addresses(&found);
        drop(upstream);
        sleep(rest).await;
    }
}

/// The addresses of an endpoint's name. None: it has no name.
async fn look_up(given: &WeightedEndpoint) -> Option<io::Result<Vec<SocketAddr>>> {
    let endpoint = &given.endpoint;
    let host = endpoint.host_name();
    if endpoint.unix_socket().is_some() || host.parse::<IpAddr>().is_ok() {
        return None;
    }
    let looking = timeout(LOOKUP_TIMEOUT, lookup_host((host, endpoint.port())));
    let answer = match looking.await {
        Ok(answer) => answer.map(Iterator::collect::<Vec<_>>),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    Some(answer)
}

/// The endpoints as they are now: those whose name cannot be looked up, or has no address, stay where they were.
fn located(
    given: &[WeightedEndpoint],
    answers: &[Option<io::Result<Vec<SocketAddr>>>],
    before: &[Arc<Member>],
) -> Vec<Located> {
    let mut all = Vec::new();
    for (WeightedEndpoint { endpoint, weight }, answer) in given.iter().zip(answers) {
        let at = |address| (endpoint.clone(), address, *weight);
        match answer {
            None => all.push(at(None)),
            Some(Ok(addresses)) if !addresses.is_empty() => {
                let mut addresses = addresses.clone();
                // Servers of names turn them around from one answer to the next.
                addresses.sort_unstable();
                addresses.dedup();
                all.extend(addresses.into_iter().map(|address| at(Some(address))));
            }
            Some(_) => {
                let same = before
                    .iter()
                    .filter(|member| member.place.endpoint == *endpoint);
                // Who is given twice must not find twice as many each time.
                let mut known: Vec<_> = same.map(|member| member.place.address).collect();
                known.sort_unstable();
                known.dedup();
                all.extend(known.into_iter().map(at));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::Config;

    fn upstream(urls: &[&str]) -> Upstream {
        let endpoints = urls.iter().map(|url| Endpoint::parse(url).unwrap().into());
        Upstream::new("shop", endpoints.collect(), Config::default()).unwrap()
    }

    fn refresh(upstream: &Upstream, answers: &[Option<io::Result<Vec<SocketAddr>>>]) -> String {
        let found = located(upstream.endpoints(), answers, &upstream.members());
        upstream.set_addresses(&found);
        let members = upstream.members();
        let members = members.iter().map(|member| {
            let place = &member.place;
            let address = place.address.map(|address| address.to_string());
            format!("{}={}", place.endpoint, address.unwrap_or_default())
        });
        members.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_address_is_an_endpoint_and_the_last_good_answer_is_kept() {
        let upstream = upstream(&["http://a.test", "http://10.0.0.9", "unix:/run/a.sock"]);
        let fixed = "http://10.0.0.9/= unix:/run/a.sock=";
        let answer = |addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap());
            Some(Ok(addresses.collect()))
        };
        let nothing = || Some(Err(io::ErrorKind::NotFound.into()));
        assert_eq!(
            refresh(&upstream, &[nothing(), None, None]),
            format!("http://a.test/= {fixed}"),
            "nothing is known yet"
        );
        let both = ["10.0.0.2:80", "10.0.0.1:80", "10.0.0.2:80"];
        let known = format!("http://a.test/=10.0.0.1:80 http://a.test/=10.0.0.2:80 {fixed}");
        assert_eq!(refresh(&upstream, &[answer(&both), None, None]), known);
        let before = upstream.members();
        assert_eq!(refresh(&upstream, &[nothing(), None, None]), known);
        assert_eq!(refresh(&upstream, &[answer(&[]), None, None]), known);
        refresh(
            &upstream,
            &[answer(&["10.0.0.2:80", "10.0.0.3:80"]), None, None],
        );
        let after = upstream.members();
        assert!(
            Arc::ptr_eq(&before[1], &after[0]),
            "what is known of it is kept"
        );
        assert_eq!(after[1].place.address, Some("10.0.0.3:80".parse().unwrap()));
    }

    #[test]
    fn a_name_that_is_given_twice_does_not_multiply_while_it_cannot_be_looked_up() {
        let upstream = upstream(&["http://a.test", "http://a.test"]);
        let nothing = || Some(Err(io::ErrorKind::NotFound.into()));
        let one = || Some(Ok(vec!["10.0.0.1:80".parse().unwrap()]));
        for answers in [[nothing(), nothing()], [one(), one()]] {
            refresh(&upstream, &answers);
            for _ in 0..3 {
                refresh(&upstream, &[nothing(), nothing()]);
                assert_eq!(upstream.members().len(), 2);
            }
        }
    }
}
