//! Random operations that are valid by construction: a response key means the same field with
//! the same arguments and shape everywhere in one document. Now and then a wilder one reuses
//! keys, and is thrown away when it turns out not to be valid.

use std::collections::HashMap;

use indexmap::IndexMap;

use apollo_compiler::ast::{FieldDefinition, OperationType, Type};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Name, Schema};

use super::document::{Document, Fragment, Selection, What};
use super::inputs::Inputs;
use super::model::Model;
use super::random::{Random, part};

const DEPTH: usize = 5;
const FIELDS: usize = 28;
const ATTEMPTS: u64 = 12;

/// The operation of a seed. `None` when no attempt was valid, which only a schema that has
/// nothing to select can cause.
pub fn generate(model: &Model, seed: u64) -> Option<Document> {
    (0..ATTEMPTS).find_map(|attempt| {
        let mut random = Random::new(part(seed, attempt));
        let is_wild = attempt + 1 < ATTEMPTS && random.chance(30);
        let document = Grower::new(model, random, is_wild).grow()?;
        let text = document.to_string();
        let valid = ExecutableDocument::parse_and_validate(&model.api, text, "random").is_ok();
        valid.then_some(document)
    })
}

/// What a response key stands for.
#[derive(Clone, PartialEq)]
struct Meaning {
    field: String,
    arguments: Vec<String>,
    shape: String,
}

struct Grower<'m> {
    api: &'m Valid<Schema>,
    possible: HashMap<Name, Vec<Name>>,
    random: Random,
    inputs: Inputs<'m>,
    keys: IndexMap<String, Meaning>,
    fragments: Vec<Fragment>,
    heights: HashMap<String, usize>,
    is_wild: bool,
    left: usize,
}

impl<'m> Grower<'m> {
    fn new(model: &'m Model, mut random: Random, is_wild: bool) -> Self {
        let shown = |name: &Name| model.api.get_object(name).is_some();
        let composite = model.api.types.iter().filter(|(name, ty)| {
            !name.starts_with("__") && (ty.is_object() || ty.is_interface() || ty.is_union())
        });
        let possible = composite
            .map(|(name, _)| {
                let mut possible = model.possible(name);
                possible.retain(shown);
                (name.clone(), possible)
            })
            .collect();
        let left = 2 + random.below(FIELDS);
        Grower {
            api: &model.api,
            possible,
            random,
            inputs: Inputs::new(&model.api),
            keys: IndexMap::new(),
            fragments: Vec::new(),
            heights: HashMap::new(),
            is_wild,
            left,
        }
    }

    fn grow(mut self) -> Option<Document> {
        let mutation = self.api.root_operation(OperationType::Mutation);
        let (kind, root) = match mutation {
            Some(root) if self.random.chance(20) => ("mutation", root),
            _ => ("query", self.api.root_operation(OperationType::Query)?),
        };
        let selections = self.selections(root, DEPTH);
        Some(Document {
            kind,
            variables: self.inputs.variables,
            selections,
            fragments: self.fragments,
        })
    }

    /// A selection set, at most `height` levels high.
    fn selections(&mut self, parent: &Name, height: usize) -> Vec<Selection> {
        let mut out = Vec::new();
        let is_abstract = self.api.get_object(parent).is_none();
        for _ in 0..1 + self.random.below(4) {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let roll = self.random.below(100);
            let fragments = if is_abstract { 55 } else { 22 };
            let grown = match roll {
                0..8 => Some(self.typename()),
                _ if roll < fragments && height > 1 => self.fragment(parent, height),
                _ => self.field(parent, height),
            };
            out.extend(grown);
        }
        if out.is_empty() {
            out.push(self.typename());
        }
        out
    }

    fn typename(&mut self) -> Selection {
        let mut typename = Selection::leaf("__typename");
        let meaning = Meaning {
            field: "__typename".to_owned(),
            arguments: Vec::new(),
            shape: "String!".to_owned(),
        };
        if self.random.chance(20) {
            let alias = self.key(&meaning, "kind");
            typename.what = What::Field(alias, meaning.field, Vec::new());
        }
        typename.conditions = self.inputs.conditions(&mut self.random);
        typename
    }

    fn field(&mut self, parent: &Name, height: usize) -> Option<Selection> {
        let definition = self.choose_field(parent, height)?;
        let name = definition.name.as_str();
        let shape = self.shape(&definition.ty);
        let known: Vec<_> = self.keys.values().filter(|m| m.field == name).collect();
        let repeated = known
            .iter()
            .find(|meaning| fits(definition, &meaning.arguments))
            .map(|meaning| meaning.arguments.clone());
        let arguments = match repeated {
            Some(arguments) if self.random.chance(50) => arguments,
            _ => self.inputs.arguments(&mut self.random, definition),
        };
        let meaning = Meaning {
            field: name.to_owned(),
            arguments: arguments.clone(),
            shape,
        };
        let wanted = self.wanted_key(parent, name);
        let key = self.key(&meaning, &wanted);
        let alias = if key == name { String::new() } else { key };
        let conditions = self.inputs.conditions(&mut self.random);
        let below = definition.ty.inner_named_type();
        let selections = if self.possible.contains_key(below) {
            self.selections(below, height - 1)
        } else {
            Vec::new()
        };
        Some(Selection {
            what: What::Field(alias, name.to_owned(), arguments),
            conditions,
            is_composite: !selections.is_empty(),
            selections,
        })
    }

    fn choose_field(&mut self, parent: &Name, height: usize) -> Option<&'m FieldDefinition> {
        let api: &'m Valid<Schema> = self.api;
        let object = api.get_object(parent).map(|object| &object.fields);
        let interface = api.get_interface(parent).map(|interface| &interface.fields);
        let fields = object.or(interface)?;
        let (composite, leaves): (Vec<_>, Vec<_>) = fields
            .values()
            .map(|field| &**field)
            .partition(|field| self.possible.contains_key(field.ty.inner_named_type()));
        let prefers_composite = self.random.chance(60) && height > 1;
        let choice = match (composite.is_empty(), leaves.is_empty()) {
            (false, _) if prefers_composite => composite,
            (_, false) => leaves,
            (false, true) if height > 1 => composite,
            _ => return None,
        };
        self.random.pick(&choice).map(|field| &***field)
    }

    /// The key a field would like: its name, or an alias, which may be another field's name.
    fn wanted_key(&mut self, parent: &Name, name: &str) -> String {
        if !self.random.chance(20) {
            return name.to_owned();
        }
        let object = self.api.get_object(parent).map(|object| &object.fields);
        let others: Vec<_> = object
            .into_iter()
            .flat_map(|fields| fields.keys())
            .collect();
        match self.random.pick(&others) {
            Some(other) if self.random.chance(50) => other.to_string(),
            _ => ["a", "b", "id", "_e0", "__typenam"][self.random.below(5)].to_owned(),
        }
    }

    /// The wanted key, if it is free or means the same; else a new one.
    fn key(&mut self, meaning: &Meaning, wanted: &str) -> String {
        let known = self.keys.get(wanted);
        let is_free = known.is_none_or(|known| known == meaning);
        let is_tolerable = known.is_some_and(|known| known.shape == meaning.shape);
        if is_free || (self.is_wild && is_tolerable && self.random.chance(60)) {
            self.keys.insert(wanted.to_owned(), meaning.clone());
            return wanted.to_owned();
        }
        let key = format!(
            "{}_{}",
            meaning.field.trim_start_matches('_'),
            self.keys.len()
        );
        self.keys.insert(key.clone(), meaning.clone());
        key
    }

    /// What must agree between two fields of one response key.
    fn shape(&self, ty: &Type) -> String {
        let named = ty.inner_named_type();
        if self.possible.contains_key(named) {
            ty.to_string().replace(named.as_str(), "{}")
        } else {
            ty.to_string()
        }
    }

    fn fragment(&mut self, parent: &Name, height: usize) -> Option<Selection> {
        let conditions = self.inputs.conditions(&mut self.random);
        let what = if self.random.chance(60) {
            let on = self.overlapping(parent)?;
            let is_bare = on == *parent && self.random.chance(50);
            let selections = self.selections(&on, height - 1);
            return Some(Selection {
                what: What::Inline((!is_bare).then_some(on)),
                conditions,
                is_composite: true,
                selections,
            });
        } else {
            What::Spread(self.named(parent, height)?)
        };
        Some(Selection {
            what,
            conditions,
            is_composite: false,
            selections: Vec::new(),
        })
    }

    /// A fragment that can be spread here: a known one, or a new one.
    fn named(&mut self, parent: &Name, height: usize) -> Option<String> {
        let fitting: Vec<String> = self
            .fragments
            .iter()
            .filter(|fragment| self.heights[&fragment.name] < height)
            .filter(|fragment| self.overlap(parent, &fragment.on))
            .map(|fragment| fragment.name.clone())
            .collect();
        if self.random.chance(50)
            && let Some(known) = self.random.pick(&fitting)
        {
            return Some(known.clone());
        }
        let on = self.overlapping(parent)?;
        let selections = self.selections(&on, height - 1);
        let name = format!("F{}", self.fragments.len());
        self.heights.insert(name.clone(), self.height(&selections));
        self.fragments.push(Fragment {
            name: name.clone(),
            on,
            selections,
        });
        Some(name)
    }

    fn height(&self, selections: &[Selection]) -> usize {
        let heights = selections.iter().map(|selection| match &selection.what {
            What::Spread(name) => self.heights.get(name).copied().unwrap_or(0),
            _ => self.height(&selection.selections),
        });
        1 + heights.max().unwrap_or(0)
    }

    fn overlapping(&mut self, parent: &Name) -> Option<Name> {
        let mut types: Vec<&Name> = self.possible.keys().collect();
        types.retain(|ty| self.overlap(parent, ty));
        types.sort();
        self.random.pick(&types).map(|ty| (*ty).clone())
    }

    fn overlap(&self, one: &Name, other: &Name) -> bool {
        let (one, other) = (&self.possible[one], &self.possible[other]);
        one.iter().any(|ty| other.contains(ty))
    }
}

/// Whether arguments written for a field of the same name elsewhere are this field's too.
fn fits(definition: &FieldDefinition, arguments: &[String]) -> bool {
    let mut names = arguments.iter().filter_map(|text| text.split(':').next());
    let has_known = names.all(|name| definition.argument_by_name(name).is_some());
    let mut required = definition.arguments.iter().filter(|a| a.is_required());
    has_known
        && required.all(|argument| {
            arguments
                .iter()
                .any(|text| text.split(':').next() == Some(argument.name.as_str()))
        })
}
