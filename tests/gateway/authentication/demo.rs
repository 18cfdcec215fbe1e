//! The demonstration under `docs/jwt-demo` works as it is written.

use super::{ANSWER, Shop};
use crate::kit::{Answer, Client, Exchange};
use std::{fs, path::Path};

#[test]
fn the_token_of_the_demonstration_is_let_in() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/jwt-demo");
    let config = fs::read_to_string(directory.join("router.yaml")).unwrap();
    let token = fs::read_to_string(directory.join("token.txt")).unwrap();
    let shop = Shop::of(&config);
    shop.users.expect(vec![Exchange {
        expected: Some(
            "POST /graphql HTTP/1.1\nx-user-id: u7\n\n{\n  \"query\": \"{ me { id } }\"\n}\n"
                .to_owned(),
        ),
        answer: Answer::Bytes(ANSWER.to_vec()),
    }]);
    let mut client = Client::connect(shop.router.address);
    let answer = client.request(&super::request(token.trim()));
    assert_eq!(answer.start, "HTTP/1.1 200 OK");
    assert_eq!(shop.users.complaints(), Vec::<String>::new());
    let without = super::request("").replace("authorization: Bearer \n", "");
    assert_eq!(client.request(&without).start, "HTTP/1.1 401 Unauthorized");
}
