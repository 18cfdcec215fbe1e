//! Orders of fetches, and their documents.

use super::{ODD, SHOP, broken, entities, read, rewrite, target};
use crate::operation::OperationKind;
use crate::planner::plan::FetchId;
use apollo_compiler::name;

const TIER: &str = "{ me { discountPercent } }";
const TWO_RUNS: &str =
    "mutation { advanceOrder(id: 1) { customer { name } } renameUser(id: 1, name: \"a\") { id } }";

#[test]
fn fetches_come_after_those_they_wait_for() {
    let said = broken(&SHOP, TIER, |plan| plan.fetches[0].after = vec![FetchId(1)]);
    assert_eq!(said, "fetch 0 (users) waits for 1, which comes later");
    let said = broken(&SHOP, TIER, |plan| plan.fetches[1].id = FetchId(7));
    assert_eq!(said, "fetch 1 (orders) is called 7");
}

#[test]
fn fetches_wait_for_no_more_than_they_must() {
    let said = broken(&SHOP, TIER, |plan| plan.fetches[2].after.push(FetchId(0)));
    assert_eq!(
        said,
        "fetch 2 (users) waits for 0 needlessly: it waits for one that does"
    );
    let said = broken(&SHOP, TIER, |plan| plan.fetches[1].after.push(FetchId(0)));
    assert_eq!(
        said,
        "fetch 1 (orders) waits for 0 needlessly: it waits for one that does"
    );
}

#[test]
fn only_roots_of_a_mutation_are_mutations() {
    let said = broken(&SHOP, TIER, |plan| plan.kind = OperationKind::Mutation);
    assert_eq!(said, "a query is planned as a mutation");
    let said = broken(&SHOP, TIER, |plan| {
        plan.fetches[1].operation = OperationKind::Mutation;
    });
    assert_eq!(said, "fetch 1 (orders) is a mutation, not a query");
    let said = broken(&SHOP, TIER, |plan| {
        rewrite(&mut plan.fetches[1], "query", "mutation")
    });
    assert_eq!(said, "fetch 1 (orders) is not valid there:");
    let said = broken(&SHOP, TWO_RUNS, |plan| {
        rewrite(&mut plan.fetches[0], "mutation", "query")
    });
    assert_eq!(said, "fetch 0 (orders) is not valid there:");
}

#[test]
fn mutations_run_once_and_in_order() {
    let said = broken(&SHOP, TWO_RUNS, |plan| plan.fetches[2].after = Vec::new());
    assert_eq!(
        said,
        "fetch 2 (users) runs renameUser without waiting for advanceOrder"
    );
    let said = broken(&SHOP, TWO_RUNS, |plan| {
        plan.fetches[2].after = vec![FetchId(0)]
    });
    assert_eq!(
        said,
        "fetch 2 (users) does not wait for fetch 1 (users), which serves a mutation before it"
    );
    let said = broken(&SHOP, TWO_RUNS, |plan| {
        read(&mut plan.fetches[2]).fields.clear()
    });
    assert_eq!(said, "renameUser is run 0 times by a mutation");
    let said = broken(&SHOP, TWO_RUNS, |plan| {
        let again = read(&mut plan.fetches[0]).fields[0].clone();
        read(&mut plan.fetches[2]).fields.push(again);
    });
    assert_eq!(said, "advanceOrder is run 2 times by a mutation");
    let same = "mutation { a: renameUser(id: 1, name: \"a\") { id } b: renameUser(id: 1, name: \"b\") { id } }";
    let said = broken(&SHOP, same, |plan| {
        read(&mut plan.fetches[0]).fields.swap(0, 1)
    });
    assert_eq!(
        said,
        "fetch 0 (users) runs renameUser without waiting for renameUser"
    );
}

#[test]
fn documents_are_valid_where_they_are_sent() {
    let name = "{ me { name phone } }";
    let said =
        |from: &str, to: &str| broken(&SHOP, name, |plan| rewrite(&mut plan.fetches[0], from, to));
    assert_eq!(said("name", "nam"), "fetch 0 (users) is not valid there:");
    // It is a field elsewhere.
    assert_eq!(
        said("name", "orders"),
        "fetch 0 (users) is not valid there:"
    );
    // The two are of different types.
    assert_eq!(
        said("phone", "name: phone"),
        "fetch 0 (users) is not valid there:"
    );
    assert_eq!(
        said("{ me", "query q { q: me { name } } query p { me"),
        "fetch 0 (users) has more than one operation"
    );
    // An interface object is no interface where it is one.
    let said = broken(&ODD, "{ media { stars } }", |plan| {
        rewrite(
            &mut plan.fetches[0],
            "stars",
            "stars ... on Film { minutes }",
        );
    });
    assert_eq!(said, "fetch 0 (b) is not valid there:");
}

#[test]
fn variables_are_declared() {
    let user = "query($id: ID!, $other: ID) { user(id: $id) { totalSpent { amount } } order(id: $other) { id } }";
    let user = user.replace("$other: ID)", "$other: ID!)");
    let said = broken(&SHOP, &user, |plan| {
        plan.fetches[2].variables.push(name!("id"))
    });
    assert_eq!(
        said,
        "fetch 2 (orders) is given $id but does not declare it once"
    );
    let users = |plan: &mut crate::planner::plan::Plan| {
        let mut fetches = plan.fetches.iter();
        fetches
            .position(|fetch| fetch.document.contains("user("))
            .unwrap()
    };
    let said = broken(&SHOP, &user, |plan| {
        let at = users(plan);
        plan.fetches[at].variables.clear();
    });
    assert_eq!(said, "fetch 1 (users) declares $id, which it is not given");
    let said = broken(&SHOP, &user, |plan| {
        let at = users(plan);
        plan.fetches[at].variables.push(name!("no"));
    });
    assert_eq!(
        said,
        "fetch 1 (users) is given $no, which the client has not"
    );
}

#[test]
fn entities_are_asked_for() {
    let said = broken(&SHOP, TIER, |plan| {
        entities(&mut plan.fetches[1]).key = "_e9".to_owned()
    });
    assert_eq!(
        said,
        "fetch 1 (orders) does not ask for its entities as _e9"
    );
    let said = broken(&SHOP, TIER, |plan| {
        rewrite(
            &mut plan.fetches[1],
            "(representations: $representations)",
            "(representations: [])",
        );
        rewrite(&mut plan.fetches[1], "($representations: [_Any!]!)", "");
    });
    assert_eq!(
        said,
        "fetch 1 (orders) is given $representations but does not declare it once"
    );
    let said = broken(&SHOP, TIER, |plan| {
        rewrite(
            &mut plan.fetches[1],
            "on User { ",
            "on User { name: __typename ",
        );
        target(&mut plan.fetches[1]).read.typename = Some("nam".to_owned());
    });
    assert_eq!(
        said,
        "fetch 1 (orders) at me reads types from nam, which it does not ask for"
    );
}
