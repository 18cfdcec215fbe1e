//! Planning where there is much to choose from.

use crate::kit;
use graphway::{planner, schema::Supergraph};
use serde_json::Map;
use std::{fmt::Write, time::Duration};

/// CVE-2024-43414: the ways to answer fields that subgraphs share were multiplied until their number ran over, and planning
/// never ended. Here thirty fields that three subgraphs share, on each of six levels, with one more that each has alone.
#[test]
fn shared_fields_do_not_multiply_the_ways() {
    let graphs = ["A", "B", "C"];
    let (mut declared, mut known, mut fields) = (String::new(), String::new(), String::new());
    for graph in graphs {
        writeln!(
            declared,
            "{graph} @join__graph(name: \"{graph}\", url: \"http://{graph}.test\")"
        )
        .unwrap();
        write!(known, " @join__type(graph: {graph}, key: \"id\")").unwrap();
        write!(fields, "own{graph}: Int @join__field(graph: {graph}) ").unwrap();
    }
    let shared: String = (0..30).map(|at| format!("f{at} ")).collect();
    let types = shared.replace(' ', ": Int ");
    let roots = known.replace(", key: \"id\"", "");
    let sdl = format!(
        "{}enum join__Graph {{ {declared} }} type Query {roots} {{ start: T }} type T {known} {{ id: ID! {types} {fields} child: T }}",
        kit::JOIN
    );
    let supergraph = Supergraph::parse(&sdl).unwrap();
    let level = format!("{shared} ownA ownB ownC");
    let query = (0..5).fold(level.clone(), |inner, _| {
        format!("{level} child {{ {inner} }}")
    });
    let (fetches, took) = kit::on_small_stack(|| {
        let document = kit::prepare(&supergraph, &format!("{{ start {{ {query} }} }}")).unwrap();
        let conditions = document.conditions(&Map::new());
        let operation = document.fold(&supergraph, &conditions).unwrap();
        planner::plan(&supergraph, &operation)
            .unwrap()
            .fetches
            .len()
    });
    assert!(took < Duration::from_secs(1), "{took:?}");
    // Each subgraph is asked in few places: levels are not entered one by one.
    assert!((3..=18).contains(&fetches), "{fetches}");
}
