//! Interfaces over objects that are there, with keys and interface objects where these allow it.

use super::{Abstract, Graph, Known, LEAVES, members, owned};
use crate::choices::Choices;

pub(super) fn add(choices: &mut Choices, graph: &mut Graph, name: &str) {
    let mut made = members(choices, graph);
    for (&subgraph, members) in &made.members {
        for member in members {
            if let Some(object) = graph.objects.get_mut(member) {
                object.implements.push((subgraph, name.to_owned()));
            }
        }
    }
    let has = |field: &str| {
        let mut all = made
            .all
            .iter()
            .filter_map(|member| graph.objects.get(member));
        all.all(|object| object.fields.contains_key(field))
    };
    let shared: Vec<(String, String)> = LEAVES
        .iter()
        .map(|(field, ty)| (field.to_string(), ty.to_string()))
        .chain([
            ("v".to_owned(), "Int".to_owned()),
            ("id".to_owned(), "ID!".to_owned()),
        ])
        .filter(|(field, _)| has(field))
        .collect();
    for (field, ty) in shared {
        for (&subgraph, members) in &made.members {
            let declared = |member: &String| {
                let field = graph
                    .objects
                    .get(member)
                    .and_then(|object| object.fields.get(&field));
                field.is_some_and(|field| field.known.contains_key(&subgraph))
            };
            // Now and then one that another subgraph took over.
            if members.iter().all(declared) && choices.chance(70) || choices.chance(5) {
                let known = &mut made.fields.entry(field.clone()).or_default();
                known.ty.clone_from(&ty);
                known.known.insert(subgraph, Known::default());
            }
        }
    }
    keyed(choices, graph, (name, &mut made));
    if made.fields.is_empty() {
        for object in graph.objects.values_mut() {
            object.implements.retain(|(_, interface)| interface != name);
        }
        return;
    }
    let missing: Vec<usize> = made
        .members
        .keys()
        .copied()
        .filter(|subgraph| {
            !made
                .fields
                .values()
                .any(|field| field.known.contains_key(subgraph))
        })
        .collect();
    for subgraph in missing {
        made.members.remove(&subgraph);
        for object in graph.objects.values_mut() {
            object
                .implements
                .retain(|(at, interface)| (*at, interface.as_str()) != (subgraph, name));
        }
    }
    graph.interfaces.insert(name.to_owned(), made);
}

/// A key where all implementations have it, and an interface object elsewhere.
fn keyed(choices: &mut Choices, graph: &mut Graph, (name, made): (&str, &mut Abstract)) {
    let Some(id) = made.fields.get("id").cloned() else {
        return;
    };
    let mut keyed = false;
    for (&subgraph, members) in &made.members {
        let has_key = |member: &String| {
            let keys = graph
                .objects
                .get(member)
                .and_then(|object| object.keys.get(&subgraph));
            keys.is_some_and(|keys| keys.contains(&("id", true)))
        };
        let is_whole = members.len() == made.all.len();
        if id.known.contains_key(&subgraph) && is_whole && members.iter().all(has_key) {
            made.keys.insert(subgraph, false);
            keyed = true;
        }
    }
    let is_free = |subgraph: &usize| {
        let mut all = made
            .all
            .iter()
            .filter_map(|member| graph.objects.get(member));
        !all.any(|object| object.keys.contains_key(subgraph))
    };
    let free: Vec<usize> = (0..graph.subgraphs).filter(is_free).collect();
    if !keyed || !choices.chance(70) {
        return;
    }
    let Some(&subgraph) = choices.pick(&free) else {
        return;
    };
    made.keys.insert(subgraph, true);
    if let Some(id) = made.fields.get_mut("id") {
        id.known.insert(subgraph, Known::default());
    }
    let added = format!("z{name}");
    made.fields.insert(added.clone(), owned("Int", &[subgraph]));
    for member in &made.all {
        if let Some(object) = graph.objects.get_mut(member) {
            let mut field = owned("Int", &[]);
            field.elsewhere = true;
            object.fields.insert(added.clone(), field);
        }
    }
}
