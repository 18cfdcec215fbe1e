//! Classes of a position's types: those that are asked for, known and entered in the same way.
//!
//! An interface then costs the number of its kinds of implementations, not the number of these.

use super::{
    NodeId,
    builder::{Builder, Wanted},
};
use crate::operation::Field;
use crate::planner::Error;
use crate::schema::{SetField, TypeId, TypeSet};
use apollo_compiler::Name;
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;

/// Something that types are asked for: a name and, by type, whether.
struct Asked<'f> {
    name: &'f Name,
    types: TypeSet,
}

impl<'a> Builder<'a, '_> {
    /// Splits a position's types into classes by what is asked of them, and adds to `wanted` what keys and `@requires`
    /// need of each.
    pub(super) fn classify(
        &mut self,
        position: NodeId,
        fields: &'a [Field],
        wanted: &mut Vec<Wanted<'a>>,
    ) -> Result<(), Error> {
        let possible = self.tree.node(position).possible.clone();
        self.budget
            .spend((possible.len() + 1) * (fields.len() + wanted.len()) + 1)?;
        let mut classes: SmallVec<[TypeSet; 1]> = smallvec![possible];
        if classes[0].len() > 1 {
            let asked = self.and_provided(position, asked(fields, wanted));
            classes = self.split(&classes[0], &asked);
        }
        let from = wanted.len();
        for class in &classes {
            self.want_keys_and_requirements((position, class), fields, (wanted, from));
        }
        if classes.iter().any(|class| class.len() > 1) {
            // Types that were alike may differ in what is wanted besides.
            let besides = self.and_provided(position, asked(&[], &wanted[from..]));
            let split = classes.iter().map(|class| self.split(class, &besides));
            classes = split.flatten().collect();
        }
        self.tree.nodes[position.index()].classes = classes;
        Ok(())
    }

    /// Adds what is provided here, of what is asked for: for some types perhaps, not for others.
    fn and_provided(&self, position: NodeId, mut asked: Vec<Asked<'a>>) -> Vec<Asked<'a>> {
        let states = self.states[position.index()].iter();
        let views = states.filter_map(|fact| Some(&self.facts.state(fact)?.view));
        let from = asked.len();
        for seen in views.flatten() {
            if asked[..from].iter().any(|one| *one.name == seen.name) {
                asked.push(Asked {
                    name: &seen.name,
                    types: seen.types.clone(),
                });
            }
        }
        asked
    }

    fn split(&self, types: &TypeSet, asked: &[Asked]) -> SmallVec<[TypeSet; 1]> {
        let mut classes: SmallVec<[TypeSet; 1]> = SmallVec::new();
        let mut by_kind: HashMap<Vec<u32>, usize, foldhash::fast::RandomState> = HashMap::default();
        for object in types.iter() {
            match by_kind.get(&self.kind(object, asked)) {
                Some(&class) => {
                    classes[class].insert(object);
                }
                None => {
                    by_kind.insert(self.kind(object, asked), classes.len());
                    classes.push(TypeSet::of(object));
                }
            }
        }
        classes
    }

    /// What tells types apart: how they are entered, what they are asked for, how subgraphs know that.
    fn kind(&self, object: TypeId, asked: &[Asked]) -> Vec<u32> {
        let mut kind = Vec::with_capacity(asked.len() + 1);
        kind.push(self.supergraph.entry_kind(object));
        for one in asked {
            let field = self.supergraph.field_of(object, one.name);
            let known = field.map_or(u32::MAX >> 1, |field| self.supergraph.field_kind(field));
            kind.push(known << 1 | u32::from(one.types.contains(object)));
        }
        kind
    }
}

/// What is asked for, what is wanted under one name and with the same arguments once.
fn asked<'f>(fields: &'f [Field], wanted: &[Wanted<'f>]) -> Vec<Asked<'f>> {
    let fields = fields.iter().map(|field| Asked {
        name: &field.name,
        types: field.types.clone(),
    });
    let mut asked: Vec<Asked> = fields.collect();
    let from = asked.len();
    let mut sets: Vec<&SetField> = Vec::new();
    for Wanted { types, field } in wanted {
        let same =
            |known: &&SetField| known.name == field.name && known.arguments == field.arguments;
        match sets.iter().position(same) {
            Some(at) => asked[from + at].types = asked[from + at].types.union(types),
            None => {
                sets.push(field);
                asked.push(Asked {
                    name: &field.name,
                    types: types.clone(),
                });
            }
        }
    }
    asked
}
