//! What fetches read of what they ask for, and what they may ask for.

use super::{ODD, SHOP, broken, field, inner, read, rewrite};
use crate::schema::TypeSet;

#[test]
fn what_is_asked_for_is_read() {
    let name = "{ me { name phone } }";
    let said = broken(&SHOP, name, |plan| {
        rewrite(&mut plan.fetches[0], "name", "name email")
    });
    assert_eq!(
        said,
        "fetch 0 (users) at me asks for email, which it does not read"
    );
    let said = broken(&SHOP, name, |plan| {
        let again = inner(&mut plan.fetches[0]).fields[0].clone();
        inner(&mut plan.fetches[0]).fields.push(again);
    });
    assert_eq!(
        said,
        "fetch 0 (users) at me reads name twice, once into me.name"
    );
}

#[test]
fn what_is_read_belongs_where_it_goes() {
    let name = "{ me { name address { city } } }";
    let said = broken(&SHOP, name, |plan| {
        let fields = &mut inner(&mut plan.fetches[0]).fields;
        (fields[0].key, fields[1].key) = (fields[1].key.clone(), fields[0].key.clone());
    });
    assert_eq!(
        said,
        "fetch 0 (users) at me reads address into me.name, which is another field"
    );
    let said = broken(&SHOP, name, |plan| {
        let me = read(&mut plan.fetches[0]).fields[0].position;
        field(inner(&mut plan.fetches[0]), "name").position = me;
    });
    assert_eq!(
        said,
        "fetch 0 (users) at me reads name into me, which is elsewhere"
    );
    let said = broken(&SHOP, name, |plan| {
        field(inner(&mut plan.fetches[0]), "address").read = None
    });
    assert_eq!(
        said,
        "fetch 0 (users) at me reads address into me.address, which has another shape"
    );
    let said = broken(&ODD, "{ box { a b both(x: 1) } }", |plan| {
        let both = plan.fetches.iter_mut().find_map(|fetch| {
            let mut fields = inner(fetch).fields.iter();
            fields.find(|field| field.key == "both").cloned()
        });
        let other = plan
            .fetches
            .iter_mut()
            .find(|fetch| !fetch.document.contains("both"));
        let other = other.unwrap();
        let its = if other.document.contains(" b ") {
            "b"
        } else {
            "a"
        };
        rewrite(
            other,
            &format!("{{ {its} }}"),
            &format!("{{ {its} both(x: 2) }}"),
        );
        inner(other).fields.push(both.unwrap());
    });
    assert!(
        said.ends_with("at box reads both into box.both, which has other arguments elsewhere"),
        "{said}"
    );
}

#[test]
fn external_fields_are_read_where_they_are_provided() {
    let parcel = "{ order(id: 1) { shipments { stock { warehouse { id } } origin { city } } } }";
    let said = broken(&SHOP, parcel, |plan| {
        rewrite(
            &mut plan.fetches[0],
            "warehouse { id",
            "warehouse { id city",
        );
    });
    assert_eq!(
        said,
        "fetch 0 (orders) at order.shipments.@.stock.@.warehouse asks for Warehouse.city, which is external there and \
         not provided"
    );
}

#[test]
fn what_requires_something_is_asked_of_entities() {
    let line = "{ order(id: 1) { lines { item { ... on Product { upc } } } } }";
    let said = broken(&SHOP, line, |plan| {
        rewrite(
            &mut plan.fetches[0],
            "upc",
            "upc shippingEstimate { amount }",
        );
    });
    assert_eq!(
        said,
        "fetch 0 (orders) at order.lines.@.item asks for Product.shippingEstimate, which requires what only an entity \
         is sent with"
    );
}

#[test]
fn an_interface_is_asked_for_what_all_its_types_have_there() {
    let said = broken(
        &ODD,
        "{ shape { ... on Square { area } ... on Circle { id } } }",
        |plan| {
            rewrite(&mut plan.fetches[0], "... on Square { area }", "area");
        },
    );
    assert_eq!(
        said,
        "fetch 0 (a) at shape asks for Circle.area, which is not resolved there"
    );
}

#[test]
fn reads_of_one_type_leave_others_out() {
    let said = broken(
        &SHOP,
        "{ featured { ... on Product { sku } ... on Bundle { code } } }",
        |plan| {
            let product = SHOP.type_id("Product").unwrap();
            field(inner(&mut plan.fetches[0]), "code").types = Some(TypeSet::of(product));
        },
    );
    assert_eq!(
        said,
        "fetch 0 (products) at featured.@ asks for code, which it does not read"
    );
}
