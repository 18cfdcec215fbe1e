//! What the client sees, and what is sent of objects.

use super::{ODD, SHOP, broken, field, inner, rewrite, target};
use crate::planner::plan::{OutputValue, PositionId, Read, Typename};
use crate::schema::TypeSet;
use apollo_compiler::name;

#[test]
fn the_client_sees_what_it_asked_for() {
    let name = "{ me { name phone } }";
    let said = broken(&SHOP, name, |plan| plan.output.fields[0].key = name!("you"));
    assert_eq!(said, "the root does not show me of Query");
    let said = broken(&SHOP, name, |plan| {
        let again = plan.output.fields[0].clone();
        plan.output.fields.push(again);
    });
    assert_eq!(said, "the root shows me, which is not asked for");
    let said = broken(&SHOP, name, |plan| {
        if let OutputValue::Object { possible, .. } = &mut plan.output.fields[0].value {
            *possible = TypeSet::default();
        }
    });
    assert_eq!(said, "me of the root shows types that clients may not see");
    let said = broken(&SHOP, name, |plan| {
        plan.output.fields[0].value = OutputValue::Typename
    });
    assert_eq!(said, "me of the root is shown as something else");
    let said = broken(&SHOP, name, |plan| {
        if let OutputValue::Object { output, .. } = &mut plan.output.fields[0].value {
            let fields = &mut output.fields;
            fields[0].value = fields[1].value.clone();
        }
    });
    assert_eq!(said, "name of me shows another field");
    let said = broken(&SHOP, "{ user(id: 1) { name } }", |plan| {
        rewrite(&mut plan.fetches[0], "id: 1", "id: 2");
    });
    assert_eq!(said, "user of the root shows another field");
}

/// Takes a field out of a document and its reading.
fn lose(document: &mut crate::planner::plan::Fetch, text: &str, key: &str) {
    rewrite(document, text, "");
    let read: &mut Read = inner(document);
    read.fields.retain(|field| field.key != key);
}

#[test]
fn everything_shown_is_read() {
    let said = broken(&SHOP, "{ me { name phone } }", |plan| {
        lose(&mut plan.fetches[0], "phone", "phone")
    });
    assert_eq!(
        said,
        "nothing reads me.phone of a User; its objects are read by fetch 0 (users)"
    );
    let both = "{ featured { ... on Product { sku } ... on Bundle { code } } }";
    let said = broken(&SHOP, both, |plan| {
        lose(&mut plan.fetches[0], "... on Bundle { code }", "code")
    });
    assert_eq!(
        said,
        "nothing reads featured.@.code of a Bundle; its objects are read by fetch 0 (products)"
    );
    let said = broken(&SHOP, "{ featured { timesOrdered } }", |plan| {
        let product = SHOP.type_id("Product").unwrap();
        if let crate::planner::plan::FetchKind::Entities(all) = &mut plan.fetches[1].kind {
            all[0].targets.truncate(1);
            all[0].targets[0].types = Some(TypeSet::of(product));
        }
    });
    assert!(
        said.starts_with("nothing reads featured.@.timesOrdered of a Bundle"),
        "{said}"
    );
}

#[test]
fn what_one_of_two_subgraphs_returns_need_not_be_read() {
    let operation = super::operation(&ODD, "{ pick { __typename ... on Film { minutes } } }");
    let plan = crate::planner::plan(&ODD, &operation).unwrap();
    assert_eq!(&*plan.fetches[0].document, "{ pick { __typename } }");
    assert_eq!(super::super::verify(&ODD, &operation, &plan), Ok(()));
}

#[test]
fn types_that_matter_are_asked_for() {
    let said = broken(&SHOP, "{ featured { __typename } }", |plan| {
        inner(&mut plan.fetches[0]).typename = None;
    });
    assert_eq!(
        said,
        "nothing asks for the type of featured.@, which is shown by it"
    );
    let said = broken(&SHOP, "{ featured { timesOrdered } }", |plan| {
        inner(&mut plan.fetches[0]).typename = None;
    });
    assert_eq!(
        said,
        "fetch 1 (orders) at featured.@ needs the type, which nothing before it asks for"
    );
}

const ESTIMATE: &str = "{ product(upc: \"1\") { shippingEstimate { amount } } }";

#[test]
fn what_is_sent_was_read_before() {
    let said = broken(&SHOP, ESTIMATE, |plan| {
        lose(&mut plan.fetches[0], "upc ", "upc")
    });
    assert_eq!(
        said,
        "fetch 1 (orders) at product sends a Product with product.upc, which nothing before it reads"
    );
    let said = broken(
        &SHOP,
        "{ me { totalSpent { amount } wishlist { timesOrdered } } }",
        |plan| {
            plan.fetches[1].after.clear();
        },
    );
    assert!(said.contains("which nothing before it reads"), "{said}");
    let said = broken(&SHOP, ESTIMATE, |plan| {
        let fields = &mut target(&mut plan.fetches[1]).representation.fields;
        fields[0].position = fields[1].position;
    });
    assert_eq!(
        said,
        "fetch 1 (orders) at product sends a Product with product.weightGrams for its upc"
    );
}

#[test]
fn what_is_sent_is_a_key() {
    let said = broken(&SHOP, "{ me { totalSpent { amount } } }", |plan| {
        target(&mut plan.fetches[1]).representation.fields.clear();
    });
    assert_eq!(
        said,
        "fetch 1 (orders) at me sends a User by what is no key of it there"
    );
    let said = broken(&SHOP, ESTIMATE, |plan| {
        for field in &mut target(&mut plan.fetches[1]).representation.fields {
            field.key = true;
        }
    });
    assert_eq!(
        said,
        "fetch 1 (orders) at product sends a Product by weightGrams, which is in no key of it there"
    );
    let typename = |name| {
        broken(&SHOP, "{ me { totalSpent { amount } } }", |plan| {
            target(&mut plan.fetches[1]).representation.typename = Typename::Fixed(name);
        })
    };
    assert_eq!(
        typename(name!("Nothing")),
        "fetch 1 (orders) at me sends a User by a type that is not known there"
    );
    assert_eq!(
        typename(name!("Order")),
        "nothing reads me.totalSpent of a User; its objects are read by fetch 0 (users), fetch 1 (orders)"
    );
    let said = broken(&SHOP, "{ me { totalSpent { amount } } }", |plan| {
        let target = target(&mut plan.fetches[1]);
        target.types = SHOP.type_id("User").map(TypeSet::of);
        target.representation.typename = Typename::Fixed(name!("Order"));
    });
    assert_eq!(
        said,
        "fetch 1 (orders) at me sends a User by a type that it is not of"
    );
    assert!(typename(name!("Order")).starts_with("nothing reads me.totalSpent of a User"));
}

#[test]
fn what_is_required_is_sent() {
    let said = broken(&SHOP, ESTIMATE, |plan| {
        let fields = &mut target(&mut plan.fetches[1]).representation.fields;
        fields.retain(|field| field.name != "handling");
    });
    assert_eq!(
        said,
        "fetch 1 (orders) at product sends a Product without handling, which is required"
    );
    let said = broken(&SHOP, ESTIMATE, |plan| {
        let fields = &mut target(&mut plan.fetches[1]).representation.fields;
        let price = fields.iter_mut().find(|field| field.name == "price");
        price.unwrap().fields.remove(0);
    });
    assert_eq!(
        said,
        "fetch 1 (orders) at product sends a Product without price.amount, which is required"
    );
}

#[test]
fn what_is_required_of_one_type_is_sent_by_type() {
    let label = "{ shelf { label } }";
    let said = broken(&ODD, label, |plan| {
        let shelf = inner(&mut plan.fetches[0]);
        field(shelf, "first").read.as_mut().unwrap().typename = None;
    });
    assert_eq!(
        said,
        "fetch 1 (b) at shelf sends a Shelf with the type of shelf.first, which nothing asks for"
    );
    let said = broken(&ODD, label, |plan| {
        let shelf = inner(&mut plan.fetches[0]);
        field(shelf, "first").read.as_mut().unwrap().typename = None;
        let first = &mut target(&mut plan.fetches[1]).representation.fields;
        first.iter_mut().for_each(|field| field.typename = false);
    });
    assert!(
        said.contains("by its type, which nothing asks for"),
        "{said}"
    );
}

#[test]
fn a_root_is_entered_where_something_leads() {
    let said = broken(&ODD, "{ box { a again { media { stars } } } }", |plan| {
        plan.fetches[1].after.clear();
    });
    assert_eq!(
        said,
        "fetch 1 (b) at box.again starts where nothing before it leads"
    );
}

#[test]
fn paths_have_names() {
    let said = broken(
        &SHOP,
        "{ orders { nodes { customer { name } } } }",
        |plan| {
            target(&mut plan.fetches[1]).position = PositionId(1);
        },
    );
    assert!(
        said.starts_with("fetch 1 (users) at orders reads name"),
        "{said}"
    );
}
