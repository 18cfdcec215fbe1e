//! RFC 9111 and RFC 5861 as a table: what becomes of a second request after the first was answered.

use super::{RouteCache, Shop, pass};

/// Headers of the first request | status and headers of its answer | seconds | headers of the second request | what is
/// done for that. A slash with spaces stands between headers.
const CASES: &str = "
# How long an answer is fresh (section 4.2).
 | 200 / cache-control: max-age=60 | 59 | | hit
 | 200 / cache-control: max-age=60 | 60 | | fwd=stale; stored
 | 200 / cache-control: max-age=60 / etag: \"a\" | 60 | | fwd=stale; stored
 | 200 / cache-control: max-age=60, s-maxage=30 | 29 | | hit
 | 200 / cache-control: max-age=60, s-maxage=30 / etag: \"a\" | 30 | | fwd=stale; stored
 | 200 / cache-control: s-maxage=60, max-age=30 | 59 | | hit
 | 200 / cache-control: MAX-AGE=\"60\" | 59 | | hit
 | 200 / cache-control: max-age=60, max-age=10 | 10 | | fwd=stale; stored
 | 200 / cache-control: max-age=99999999999999999999 | 999999 | | hit
 | 200 / cache-control: max-age=1x / etag: \"a\" | 0 | | fwd=stale; stored
 | 200 / expires: @60 | 58 | | hit
 | 200 / expires: @60 / etag: \"a\" | 62 | | fwd=stale; stored
 | 200 / expires: @60 / cache-control: max-age=5 / etag: \"a\" | 6 | | fwd=stale; stored
 | 200 / expires: @-60 / cache-control: max-age=5 | 4 | | hit
 | 200 / expires: 0 / etag: \"a\" | 0 | | fwd=stale; stored
 | 200 / expires: never / etag: \"a\" | 0 | | fwd=stale; stored
 | 200 / expires: @60 / date: @-60 | 100 | | hit
 | 200 / last-modified: @-864000 | 0 | | fwd=stale; stored
# Its age counts from where it was made (section 4.2.3).
 | 200 / cache-control: max-age=60 / age: 30 | 29 | | hit
 | 200 / cache-control: max-age=60 / age: 30 / etag: \"a\" | 30 | | fwd=stale; stored
 | 200 / cache-control: max-age=60 / age: 99999999999999999999 / etag: \"a\" | 0 | | fwd=stale; stored
 | 200 / cache-control: max-age=60 / age: young | 59 | | hit
# What may be stored (section 3).
 | 200 / cache-control: no-store, max-age=60 | 0 | | fwd=uri-miss; stored
 | 200 / cache-control: No-Store, max-age=60 | 0 | | fwd=uri-miss; stored
 | 200 / cache-control: private, max-age=60 | 0 | | fwd=uri-miss; stored
 | 200 / cache-control: private=\"x-user\", max-age=60 | 0 | | fwd=uri-miss; stored
 | 200 | 0 | | fwd=uri-miss; stored
 | 206 / cache-control: max-age=60 / content-range: bytes 0-0/5 | 0 | | fwd=uri-miss; stored
 | 200 / cache-control: max-age=60 / content-range: bytes 0-0/5 | 0 | | fwd=uri-miss; stored
 | 204 / cache-control: max-age=60 | 0 | | hit
 | 301 / cache-control: max-age=60 / location: /b | 0 | | hit
 | 302 / cache-control: max-age=60 / location: /b | 0 | | fwd=uri-miss; stored
 | 404 / cache-control: max-age=60 | 0 | | hit
 | 500 / cache-control: max-age=60 | 0 | | fwd=uri-miss; stored
 | 200 / cache-control: max-age=60 / trailer: x-sum | 0 | | fwd=uri-miss; stored
 | 200 / cache-control: max-age=60 / set-cookie: a=b | 0 | | fwd=uri-miss; stored
 | 200 / cache-control: public, max-age=60 / set-cookie: a=b | 0 | | fwd=uri-miss; stored
cache-control: no-store | 200 / cache-control: max-age=60 | 0 | | fwd=uri-miss; stored
 | 200 / cache-control: max-age=60 | 0 | cache-control: no-store | hit
 | 200 / cache-control: max-age=60, must-understand | 0 | | hit
# What has to be asked about every time, or when it is stale (section 5.2.2).
 | 200 / cache-control: no-cache, max-age=60 / etag: \"a\" | 0 | | fwd=stale; stored
 | 200 / cache-control: no-cache=\"x\", max-age=60 / etag: \"a\" | 0 | | fwd=stale; stored
 | 200 / pragma: no-cache / etag: \"a\" | 0 | | fwd=stale; stored
 | 200 / cache-control: max-age=60 / pragma: no-cache | 0 | | hit
 | 200 / cache-control: no-cache | 0 | | fwd=uri-miss; stored
 | 200 / cache-control: max-age=60, must-revalidate | 59 | | hit
 | 200 / cache-control: max-age=60, proxy-revalidate | 59 | | hit
 | 200 / cache-control: max-age=1, must-revalidate / etag: \"a\" | 2 | cache-control: max-stale | fwd=stale; stored
 | 200 / cache-control: max-age=1, proxy-revalidate / etag: \"a\" | 2 | cache-control: max-stale | fwd=stale; stored
 | 200 / cache-control: s-maxage=1 / etag: \"a\" | 2 | cache-control: max-stale | fwd=stale; stored
 | 200 / cache-control: no-cache / etag: \"a\" | 2 | cache-control: max-stale | fwd=stale; stored
# What clients may ask for (section 5.2.1).
 | 200 / cache-control: max-age=60 | 5 | cache-control: no-cache | fwd=request; stored
 | 200 / cache-control: max-age=60 | 5 | Cache-Control: NO-CACHE | fwd=request; stored
 | 200 / cache-control: max-age=60 | 5 | pragma: no-cache | fwd=request; stored
 | 200 / cache-control: max-age=60 | 5 | cache-control: max-age=4 | fwd=request; stored
 | 200 / cache-control: max-age=60 | 5 | cache-control: max-age=5 | hit
 | 200 / cache-control: max-age=60 | 5 | cache-control: max-age=0 | fwd=request; stored
 | 200 / cache-control: max-age=60 | 5 | cache-control: min-fresh=55 | hit
 | 200 / cache-control: max-age=60 | 5 | cache-control: min-fresh=56 | fwd=request; stored
 | 200 / cache-control: max-age=1 / etag: \"a\" | 5 | cache-control: max-stale | hit
 | 200 / cache-control: max-age=1 / etag: \"a\" | 5 | cache-control: max-stale=5 | hit
 | 200 / cache-control: max-age=1 / etag: \"a\" | 5 | cache-control: max-stale=4 | fwd=stale; stored
 | 200 / cache-control: max-age=60 | 5 | cache-control: only-if-cached | hit
 | 200 / cache-control: max-age=60 | 60 | cache-control: only-if-cached | NOT_CACHED
# Which answer is for whom (section 4.1).
 | 200 / cache-control: max-age=60 / vary: accept-language | 0 | | hit
accept-language: en | 200 / cache-control: max-age=60 / vary: Accept-Language | 0 | accept-language: en | hit
accept-language: en | 200 / cache-control: max-age=60 / vary: accept-language | 0 | accept-language: fr | fwd=vary-miss; stored
accept-language: en | 200 / cache-control: max-age=60 / vary: accept-language | 0 | | fwd=vary-miss; stored
accept-language: en | 200 / cache-control: max-age=60 / vary: accept-language | 0 | accept-language: en / accept-language: fr | fwd=vary-miss; stored
accept: a/b / accept-language: en | 200 / cache-control: max-age=60 / vary: accept / vary: accept-language | 0 | accept: a/b / accept-language: fr | fwd=vary-miss; stored
 | 200 / cache-control: max-age=60 / vary: * | 0 | | fwd=uri-miss; stored
 | 200 / cache-control: max-age=60 / vary: accept, * | 0 | | fwd=uri-miss; stored
accept-encoding: gzip | 200 / cache-control: max-age=60 / content-encoding: gzip | 0 | | fwd=vary-miss; stored
accept-encoding: gzip | 200 / cache-control: max-age=60 / content-encoding: gzip | 0 | accept-encoding: gzip | hit
# Who says who they are gets and leaves what is for everybody (section 3.5, and stricter).
authorization: Bearer x | 200 / cache-control: max-age=60 | 0 | authorization: Bearer x | fwd=uri-miss
authorization: Bearer x | 200 / cache-control: max-age=60, must-revalidate | 0 | authorization: Bearer x | fwd=uri-miss
authorization: Bearer x | 200 / cache-control: max-age=60, public | 0 | authorization: Bearer y | hit
authorization: Bearer x | 200 / cache-control: s-maxage=60 | 0 | | hit
cookie: a=b | 200 / cache-control: max-age=60 | 0 | | fwd=uri-miss; stored
cookie: a=b | 200 / cache-control: max-age=60, public | 0 | cookie: c=d | hit
 | 200 / cache-control: max-age=60 | 0 | cookie: a=b | fwd=uri-miss
 | 200 / cache-control: max-age=60 | 0 | authorization: Bearer x | fwd=uri-miss
# Stale answers by their own leave (RFC 5861).
 | 200 / cache-control: max-age=60, stale-while-revalidate=30 | 89 | | hit
 | 200 / cache-control: max-age=60, stale-while-revalidate=30 / etag: \"a\" | 90 | | fwd=stale; stored
 | 200 / cache-control: s-maxage=60, stale-while-revalidate=30 | 89 | | hit
 | 200 / cache-control: max-age=60, stale-while-revalidate=30, must-revalidate / etag: \"a\" | 61 | | fwd=stale; stored
 | 200 / cache-control: max-age=60, stale-while-revalidate=30 / etag: \"a\" | 61 | cache-control: max-age=120 | fwd=stale; stored
# What is none of the cache's business.
 | 200 / cache-control: max-age=60 | 0 | range: bytes=0-0 | fwd=bypass
 | 200 / cache-control: max-age=60 | 0 | if-match: \"a\" | fwd=bypass
 | 200 / cache-control: max-age=60 | 0 | if-unmodified-since: @0 | fwd=bypass
range: bytes=0-0 | 200 / cache-control: max-age=60 | 0 | | fwd=uri-miss; stored
# Claims about the host make no difference.
x-forwarded-host: evil.example | 200 / cache-control: max-age=60 | 0 | | hit
 | 200 / cache-control: max-age=60 | 0 | x-forwarded-host: evil.example | hit
";

#[tokio::test(start_paused = true)]
async fn a_second_request_gets_what_it_may_get() {
    let mut wrong = Vec::new();
    let cases = CASES.lines().filter(|line| !line.trim().is_empty());
    for case in cases.filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = case.split('|').collect();
        let [first, answer, seconds, second, expected] = columns.as_slice() else {
            panic!("{case}");
        };
        let lines = |text: &str| text.trim().replace(" / ", "\n");
        let shop = Shop::new(RouteCache::default());
        let request = |headers: &str| format!("GET /a\n{}", lines(headers));
        shop.ask(&request(first), &format!("{}\n\nfirst", lines(answer)))
            .await;
        pass(seconds.trim().parse().unwrap()).await;
        let newer = "200\ncache-control: max-age=60\n\nsecond";
        let got = shop.ask(&request(second), newer).await;
        let did = match got.status {
            504 => got.body.clone(),
            _ => got.did(),
        };
        let is_old = got.body == "first";
        if did != expected.trim() || is_old != (did == "hit") {
            wrong.push(format!("{case}\n  got: {did} {:?}", got.body));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
