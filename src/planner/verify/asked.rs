//! What the client sees is what it asked for.

use super::{Subject, readings::Readings};
use crate::operation::{Field, Selections};
use crate::planner::plan::{Output, OutputField, OutputValue, PositionId};
use crate::schema::{Argument, TypeId, TypeSet};
use apollo_compiler::ast::Type;

/// What the output needs, by position.
pub(super) struct Wanted {
    /// The types of its parent that a position is shown for; none where nothing shows it.
    pub(super) shown: Vec<TypeSet>,
    /// The type of a position that is shown.
    pub(super) named: Vec<Option<TypeId>>,
    /// Whether what is shown of the objects at a position depends on their runtime type.
    pub(super) by_type: Vec<bool>,
}

/// Compares the output with the operation.
pub(super) fn check(subject: &Subject, readings: &Readings) -> Result<Wanted, String> {
    let positions = subject.plan.positions.len();
    let mut asked = Asked {
        subject,
        readings,
        wanted: Wanted {
            shown: vec![TypeSet::default(); positions],
            named: vec![None; positions],
            by_type: vec![false; positions],
        },
    };
    let root = (PositionId(0), subject.operation.root);
    asked.object(root, &subject.operation.selections, &subject.plan.output)?;
    Ok(asked.wanted)
}

struct Asked<'v, 'a> {
    subject: &'v Subject<'a>,
    readings: &'v Readings<'a>,
    wanted: Wanted,
}

impl Asked<'_, '_> {
    fn object(
        &mut self,
        (position, named): (PositionId, TypeId),
        selections: &Selections,
        output: &Output,
    ) -> Result<(), String> {
        let possible = &self.subject.supergraph.ty(named).possible;
        let path = || self.subject.path(position);
        self.wanted.named[position.0 as usize] = Some(named);
        let mut left = output.fields.as_slice();
        for field in &selections.fields {
            let mut missing = field.types.clone();
            while let Some((shown, rest)) = left.split_first() {
                let types = shown.types.as_ref().unwrap_or(possible);
                let is_part = shown.key == field.key
                    && types.is_subset(&field.types)
                    && types.is_subset(&missing);
                if !is_part || (missing.is_empty() && !field.types.is_empty()) {
                    break;
                }
                missing = missing.difference(types);
                left = rest;
                self.field((position, types), field, shown)?;
                let depends =
                    matches!(shown.value, OutputValue::Typename) || !possible.is_subset(types);
                self.wanted.by_type[position.0 as usize] |= depends;
            }
            if !missing.is_empty() {
                let (path, missing) = (path(), self.readings.names(&missing));
                return Err(format!("{path} does not show {} of {missing}", field.key));
            }
        }
        match left.first() {
            Some(more) => Err(format!(
                "{} shows {}, which is not asked for",
                path(),
                more.key
            )),
            None => Ok(()),
        }
    }

    fn field(
        &mut self,
        (parent, types): (PositionId, &TypeSet),
        field: &Field,
        shown: &OutputField,
    ) -> Result<(), String> {
        let place = || format!("{} of {}", field.key, self.subject.path(parent));
        match &shown.value {
            OutputValue::Typename if field.is_typename() => Ok(()),
            OutputValue::Introspection if field.is_introspection() => Ok(()),
            OutputValue::Denied { ty } if field.denied && *ty == field.ty => Ok(()),
            _ if field.denied => Err(format!("{} is denied, and shown", place())),
            OutputValue::Leaf { position, ty, .. } if field.selections.fields.is_empty() => {
                self.note((parent, *position), types, (field, ty))
            }
            OutputValue::Object {
                position,
                ty,
                possible,
                output,
            } => {
                self.note((parent, *position), types, (field, ty))?;
                let named = self.subject.supergraph.ty(field.named);
                let allowed = named.visible.difference(&self.subject.operation.forbidden);
                if *possible != allowed {
                    return Err(format!("{} shows types that clients may not see", place()));
                }
                self.object((*position, field.named), &field.selections, output)?;
                self.wanted.by_type[position.0 as usize] |=
                    !output.fields.is_empty() && !named.possible.is_subset(possible);
                Ok(())
            }
            _ => Err(format!("{} is shown as something else", place())),
        }
    }

    /// Notes that a position is shown, if it is the field's.
    fn note(
        &mut self,
        (parent, position): (PositionId, PositionId),
        types: &TypeSet,
        (field, ty): (&Field, &Type),
    ) -> Result<(), String> {
        let place = &self.subject.plan.positions[position.0 as usize];
        let arguments: Option<&[Argument]> = self.readings.arguments[position.0 as usize];
        let is_field = place.parent == Some(parent)
            && place.field == field.name
            && arguments.is_none_or(|arguments| arguments == field.arguments)
            && *ty == field.ty;
        if !is_field {
            let (key, path) = (&field.key, self.subject.path(parent));
            return Err(format!("{key} of {path} shows another field"));
        }
        self.wanted.shown[position.0 as usize].unite(types);
        Ok(())
    }
}
