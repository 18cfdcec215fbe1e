//! Field sets: the selections inside `@key`, `@requires` and `@provides`.

use super::{Error, TypeId, TypeSet};
use apollo_compiler::{
    Name, Node, Schema, ast, executable, parser::Parser, schema::ExtendedType, validation::Valid,
};

/// An argument of a field, as written.
pub type Argument = Node<ast::Argument>;

/// A parsed field set. Type conditions are folded into the fields they apply to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldSet {
    pub fields: Vec<SetField>,
}

/// A field of a field set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SetField {
    pub name: Name,
    pub arguments: Vec<Argument>,
    /// The type it is selected on: the parent's declared type, or that of the innermost type condition.
    pub parent: TypeId,
    /// The object types around it that it applies to.
    pub types: TypeSet,
    /// Its own selections; empty for leaves.
    pub fields: Vec<SetField>,
}

/// What a field set is read against.
pub(super) struct Reader<'a> {
    pub(super) schema: &'a Valid<Schema>,
    pub(super) types: &'a dyn Fn(&str) -> Option<(TypeId, TypeSet)>,
}

impl Reader<'_> {
    /// Parses `text` as a field set on the type `on`; `coordinate` is for errors.
    pub(super) fn read(&self, on: &Name, text: &str, coordinate: &str) -> Result<FieldSet, Error> {
        let bad =
            |message: String| Error::at(coordinate, format!("bad field set \"{text}\": {message}"));
        let parsed = Parser::new()
            .parse_field_set(self.schema, on.clone(), text, "field set")
            .map_err(|failed| {
                let messages = failed.errors.iter().map(|one| one.error.to_string());
                bad(messages.collect::<Vec<_>>().join("; "))
            })?;
        let (parent, possible) =
            (self.types)(on).ok_or_else(|| bad(format!("there is no type `{on}`")))?;
        let mut fields = Vec::new();
        self.collect(&parsed.selection_set, (parent, possible), &mut fields)
            .map_err(bad)?;
        Ok(FieldSet { fields })
    }

    fn collect(
        &self,
        set: &executable::SelectionSet,
        (parent, types): (TypeId, TypeSet),
        into: &mut Vec<SetField>,
    ) -> Result<(), String> {
        for selection in &set.selections {
            match selection {
                executable::Selection::Field(field) if field.name == "__typename" => {}
                executable::Selection::Field(field) => {
                    let ty = &field.selection_set.ty;
                    let is_leaf = self.schema.types.get(ty).is_none_or(ExtendedType::is_leaf);
                    if !is_leaf && field.selection_set.is_empty() {
                        return Err(format!("`{}` has no selections", field.name));
                    }
                    let mut fields = Vec::new();
                    if let Some(below) = (self.types)(ty) {
                        self.collect(&field.selection_set, below, &mut fields)?;
                    }
                    into.push(SetField {
                        name: field.name.clone(),
                        arguments: field.arguments.clone(),
                        parent,
                        types: types.clone(),
                        fields,
                    });
                }
                executable::Selection::InlineFragment(fragment) => {
                    let (narrower, applies) = fragment
                        .type_condition
                        .as_ref()
                        .and_then(|condition| (self.types)(condition.as_str()))
                        .unwrap_or((parent, types.clone()));
                    self.collect(
                        &fragment.selection_set,
                        (narrower, applies.intersection(&types)),
                        into,
                    )?;
                }
                executable::Selection::FragmentSpread(spread) => {
                    let name = &spread.fragment_name;
                    return Err(format!("there is no fragment `{name}`"));
                }
            }
        }
        Ok(())
    }
}
