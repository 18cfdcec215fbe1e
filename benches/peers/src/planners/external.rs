//! Whether an operation reads what its subgraph only declares: an `@external` field that no `@provides` on the way covers.
//! Apollo's checker does not ask.

use apollo_compiler::executable::{Field, FieldSet, Selection, SelectionSet};
use apollo_compiler::schema::{Component, ExtendedType, FieldDefinition};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Name, Schema};

/// What the directives are called, imported or not.
const EXTERNAL: [&str; 2] = ["external", "federation__external"];
const PROVIDES: [&str; 2] = ["provides", "federation__provides"];
const KEY: [&str; 2] = ["key", "federation__key"];

/// The first such field, as `Type.field`. The schema is a subgraph's as extracted from a supergraph.
pub(super) fn read_unprovided(
    schema: &Valid<Schema>,
    document: &Valid<ExecutableDocument>,
) -> Option<String> {
    let reader = Reader { schema, document };
    let mut operations = document.operations.iter();
    operations.find_map(|operation| reader.set(&operation.selection_set, &[]))
}

struct Reader<'d> {
    schema: &'d Valid<Schema>,
    document: &'d Valid<ExecutableDocument>,
}

impl Reader<'_> {
    fn set(&self, set: &SelectionSet, provided: &[SelectionSet]) -> Option<String> {
        set.selections.iter().find_map(|selection| match selection {
            Selection::Field(field) => self.field(&set.ty, field, provided),
            Selection::InlineFragment(inline) => self.set(&inline.selection_set, provided),
            Selection::FragmentSpread(spread) => {
                let fragment = self.document.fragments.get(&spread.fragment_name)?;
                self.set(&fragment.selection_set, provided)
            }
        })
    }

    fn field(&self, parent: &Name, field: &Field, provided: &[SelectionSet]) -> Option<String> {
        let mut within = Vec::new();
        for object in self.objects(parent) {
            let Some(definition) = self.definition(&object, &field.name) else {
                continue;
            };
            let mut found = Vec::new();
            provided
                .iter()
                .for_each(|set| self.find(set, &object, &field.name, &mut found));
            let is_external = EXTERNAL.iter().any(|name| definition.directives.has(name));
            if is_external && found.is_empty() && !self.is_key(&object, &field.name) {
                return Some(format!("{object}.{}", field.name));
            }
            within.extend(found);
            within.extend(self.provides(definition));
        }
        self.set(&field.selection_set, &within)
    }

    /// The object types that can stand for a type.
    fn objects(&self, ty: &Name) -> Vec<Name> {
        let objects = self.schema.types.iter().filter(|(name, definition)| {
            definition.is_object() && (*name == ty || self.schema.is_subtype(ty, name))
        });
        objects.map(|(name, _)| name.clone()).collect()
    }

    fn definition(&self, object: &Name, field: &Name) -> Option<&Component<FieldDefinition>> {
        self.schema.get_object(object)?.fields.get(field)
    }

    /// What a provided set says of an object's field: a selection set for each time it is there.
    fn find(&self, set: &SelectionSet, object: &Name, name: &Name, found: &mut Vec<SelectionSet>) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) if field.name == *name => {
                    found.push(field.selection_set.clone());
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.type_condition.as_ref();
                    let is_on = |on: &Name| on == object || self.schema.is_subtype(on, object);
                    if on.is_none_or(is_on) {
                        self.find(&inline.selection_set, object, name, found);
                    }
                }
                Selection::Field(_) | Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn provides(&self, definition: &FieldDefinition) -> Option<SelectionSet> {
        let mut names = PROVIDES.iter();
        let directive = names.find_map(|name| definition.directives.get(name))?;
        let fields = directive.specified_argument_by_name("fields")?.as_str()?;
        let ty = definition.ty.inner_named_type().clone();
        let set = FieldSet::parse(self.schema, ty, fields, "provides.graphql").ok()?;
        Some(set.selection_set)
    }

    /// A key's field is there, whatever was declared.
    fn is_key(&self, object: &Name, field: &Name) -> bool {
        let Some(ExtendedType::Object(definition)) = self.schema.types.get(object) else {
            return false;
        };
        let keys = KEY.iter();
        let mut keys = keys.flat_map(|name| definition.directives.get_all(name));
        keys.any(|key| {
            let fields = key.specified_argument_by_name("fields");
            let words = fields
                .and_then(|fields| fields.as_str())
                .unwrap_or_default();
            let is_word = |c: char| !c.is_ascii_alphanumeric() && c != '_';
            words.split(is_word).any(|word| word == field.as_str())
        })
    }
}
