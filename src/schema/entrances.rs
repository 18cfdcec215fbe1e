//! By which keys objects enter which subgraphs, and which interfaces they implement: listed once per type, so that
//! planning need not look for them.

use super::{
    Entrance, FieldSet, SetField, SubgraphId, TypeId, TypeKind,
    model::{FieldInSubgraph, Supergraph},
};
use indexmap::IndexSet;

impl Supergraph {
    /// The ways to enter a subgraph with objects of type `object`, by subgraph; what a type declares itself first.
    pub fn entrances(&self, object: TypeId) -> &[Entrance] {
        self.entrances
            .get(object.index())
            .map_or(&[], Vec::as_slice)
    }

    /// The interfaces that objects of type `object` implement somewhere.
    pub fn interfaces_of(&self, object: TypeId) -> &[TypeId] {
        self.interfaces
            .get(object.index())
            .map_or(&[], Vec::as_slice)
    }

    /// The fields of all keys by which objects of type `object` enter subgraphs, those that are the same once.
    pub fn key_fields(&self, object: TypeId) -> &[SetField] {
        self.key_fields
            .get(object.index())
            .map_or(&[], Vec::as_slice)
    }

    /// The key of an entrance.
    pub fn key(&self, entrance: &Entrance) -> &FieldSet {
        static NONE: FieldSet = FieldSet { fields: Vec::new() };
        let known = self.ty(entrance.keyed).in_subgraph(entrance.subgraph);
        let key = known.and_then(|known| known.keys.get(entrance.key));
        key.map_or(&NONE, |key| &key.fields)
    }
}

/// Lists the interfaces of every object type.
pub(super) fn interfaces(supergraph: &Supergraph) -> Vec<Vec<TypeId>> {
    let mut interfaces = vec![Vec::new(); supergraph.types.len()];
    for (index, ty) in supergraph.types.iter().enumerate() {
        if ty.kind == TypeKind::Interface {
            for object in ty.possible.iter() {
                interfaces[object.index()].push(TypeId(index as u32));
            }
        }
    }
    interfaces
}

/// Lists the entrances of every type that objects can have.
pub(super) fn list(supergraph: &Supergraph) -> Vec<Vec<Entrance>> {
    let of_type = |object: TypeId| {
        if supergraph.ty(object).possible.contains(object) {
            let subgraphs = supergraph.subgraph_ids();
            subgraphs
                .flat_map(|subgraph| into_subgraph(supergraph, object, subgraph))
                .collect()
        } else {
            Vec::new()
        }
    };
    supergraph.type_ids().map(of_type).collect()
}

/// Lists the distinct fields of every type's keys.
pub(super) fn key_fields(supergraph: &Supergraph) -> Vec<Vec<SetField>> {
    let of_type = |object: TypeId| {
        let keys = supergraph.entrances(object).iter();
        let fields = keys.flat_map(|entrance| &supergraph.key(entrance).fields);
        let distinct: IndexSet<&SetField> = fields.collect();
        distinct.into_iter().cloned().collect()
    };
    supergraph.type_ids().map(of_type).collect()
}

fn into_subgraph(
    supergraph: &Supergraph,
    object: TypeId,
    subgraph: SubgraphId,
) -> impl Iterator<Item = Entrance> + '_ {
    let declared = supergraph.known_as(object, subgraph);
    let own = declared.into_iter().map(|declared| (declared, declared));
    let interfaces = declared
        .filter(|declared| *declared == object)
        .into_iter()
        .flat_map(move |declared| {
            let interfaces = supergraph.entity_interfaces(object, subgraph);
            interfaces.map(move |interface| (declared, interface))
        });
    own.chain(interfaces).flat_map(move |(declared, keyed)| {
        let known = supergraph.ty(keyed).in_subgraph(subgraph);
        let keys = known.map_or(&[][..], |known| &known.keys);
        let resolvable = keys.iter().enumerate().filter(|(_, key)| key.resolvable);
        let has_inputs = has_inputs(supergraph, declared, subgraph);
        resolvable.map(move |(key, _)| Entrance {
            subgraph,
            declared,
            keyed,
            has_inputs,
            key,
        })
    })
}

fn has_inputs(supergraph: &Supergraph, declared: TypeId, subgraph: SubgraphId) -> bool {
    let mut fields = supergraph.ty(declared).fields.values();
    fields.any(|id| {
        let known = supergraph.field(*id).in_subgraph(subgraph);
        known.is_some_and(FieldInSubgraph::has_inputs)
    })
}
