//! What is sent of an object is there, is a key of the type that it names, and has what the fields asked for require.

use super::{
    narrowed::Narrowed,
    readings::{Entry, ReaderId},
    rows::Rows,
};
use crate::planner::plan::{PositionId, RepresentationField, Target, Typename};
use crate::schema::{SetField, TypeId};

/// Checks an entry for rows of type `object`, which the readers `made_by` make.
pub(super) fn check(
    rows: &Rows,
    narrowed: &Narrowed,
    (entry, made_by, object): (&Entry, &[ReaderId], TypeId),
) -> Result<(), String> {
    let at = entry.position;
    let readers = rows.readers((at, made_by), object, Some(entry.fetch));
    let place = || rows.subject.at(entry.fetch, at);
    let Some(target) = entry.target else {
        return match at == PositionId(0) || !readers.is_empty() {
            true => Ok(()),
            false => Err(format!("{} starts where nothing before it leads", place())),
        };
    };
    let sending = Sending {
        rows,
        narrowed,
        fetch: entry.fetch,
    };
    let needs_type = target.types.is_some() || target.representation.typename == Typename::Runtime;
    if needs_type && !rows.knows_type(at, &readers) {
        return Err(format!(
            "{} needs the type, which nothing before it asks for",
            place()
        ));
    }
    let wrong = |what: String| {
        let ty = rows.subject.supergraph.type_name(object);
        format!("{} sends a {ty} {what}", place())
    };
    let sent = &target.representation.fields;
    sending
        .are_there((at, &readers, object), sent)
        .map_err(wrong)?;
    sending
        .is_key(target, (at, &readers, object))
        .map_err(wrong)?;
    sending.contexts_are_there(target).map_err(wrong)?;
    let reader = rows.readings.reader(entry.reader);
    let local = reader.known.local(object);
    for (types, required) in &reader.requires {
        if local.is_some_and(|local| types.contains(local)) {
            let found = sending.holds((at, &readers, object), &required.fields, sent);
            found.map_err(|missing| wrong(format!("without {missing}, which is required")))?;
        }
    }
    Ok(())
}

/// Rows of one type, and what reads them.
type Sent<'s> = (PositionId, &'s [ReaderId], TypeId);

struct Sending<'s, 'v, 'a> {
    rows: &'s Rows<'v, 'a>,
    narrowed: &'s Narrowed,
    fetch: usize,
}

impl Sending<'_, '_, '_> {
    fn is_for(field: &RepresentationField, object: TypeId) -> bool {
        let types = field.types.as_ref();
        types.is_none_or(|types| types.contains(object))
    }

    /// Whether all that is sent was read before.
    fn are_there(
        &self,
        (at, readers, object): Sent,
        fields: &[RepresentationField],
    ) -> Result<(), String> {
        for field in fields.iter().filter(|field| Self::is_for(field, object)) {
            let place = &self.rows.subject.plan.positions[field.position.0 as usize];
            if place.parent != Some(at) || place.field != field.name {
                let path = self.rows.subject.path(field.position);
                return Err(format!("with {path} for its {}", field.name));
            }
            if field.types.is_some() && !self.rows.knows_type(at, readers) {
                let name = &field.name;
                return Err(format!("with {name} by its type, which nothing asks for"));
            }
            let below = self.rows.below(readers, field.position, object);
            if !below.is_read {
                let path = self.rows.subject.path(field.position);
                return Err(format!("with {path}, which nothing before it reads"));
            }
            for nested in self.rows.types(&below.readers).iter() {
                let inner = (field.position, below.readers.as_slice());
                let readers = self.rows.readers(inner, nested, Some(self.fetch));
                let at = field.position;
                if field.typename && !self.rows.knows_type(at, &readers) {
                    let path = self.rows.subject.path(at);
                    return Err(format!("with the type of {path}, which nothing asks for"));
                }
                if self.narrowed.types[at.0 as usize].contains(nested) {
                    self.are_there((at, &readers, nested), &field.fields)?;
                }
            }
        }
        Ok(())
    }

    /// Whether what contexts set arguments to was read before.
    fn contexts_are_there(&self, target: &Target) -> Result<(), String> {
        let readers = |position: PositionId| {
            let all = self.rows.readings.readers.iter();
            all.filter(move |reader| {
                reader.position == position && self.rows.order.is_before(reader.fetch, self.fetch)
            })
        };
        for source in target.contexts.iter().flatten() {
            let (at, path) = (source.position, self.rows.subject.path(source.position));
            let is_static = self.rows.subject.plan.positions[at.0 as usize]
                .object
                .is_some();
            if source.types.is_some() && !is_static && !readers(at).any(|reader| reader.is_typed) {
                return Err(format!(
                    "with a context from {path}, whose type nothing asks for"
                ));
            }
            let mut open: Vec<&RepresentationField> = source.fields.iter().collect();
            while let Some(field) = open.pop() {
                let read_by = &self.rows.readings.read_by[field.position.0 as usize];
                let mut read_by = read_by
                    .iter()
                    .map(|&id| self.rows.readings.reader(id).fetch);
                if !read_by.any(|fetch| self.rows.order.is_before(fetch, self.fetch)) {
                    let path = self.rows.subject.path(field.position);
                    return Err(format!(
                        "with a context from {path}, which nothing before it reads"
                    ));
                }
                open.extend(&field.fields);
            }
        }
        Ok(())
    }

    /// Whether what is sent is a key of the type it names, and no more than keys and requirements.
    fn is_key(&self, target: &Target, sent: Sent) -> Result<(), String> {
        let supergraph = self.rows.subject.supergraph;
        let subgraph = self.rows.subject.plan.fetches[self.fetch].subgraph;
        let (.., object) = sent;
        let named = match &target.representation.typename {
            Typename::Runtime => Some(object),
            Typename::Fixed(name) => supergraph.type_id(name),
        };
        let known = named.and_then(|named| supergraph.ty(named).in_subgraph(subgraph));
        let Some(known) = known else {
            return Err("by a type that is not known there".to_owned());
        };
        // Objects of other types come back as null.
        let is_returned = known.interface_object || known.possible.contains(object);
        if !is_returned {
            return match target.types {
                None => Ok(()),
                Some(_) => Err("by a type that it is not of".to_owned()),
            };
        }
        let fields = &target.representation.fields;
        let keys = || known.keys.iter().filter(|key| key.resolvable);
        let is_sent = keys().any(|key| self.holds(sent, &key.fields.fields, fields).is_ok());
        if !is_sent {
            return Err("by what is no key of it there".to_owned());
        }
        for field in fields.iter().filter(|field| field.key) {
            let mut keys = keys().flat_map(|key| &key.fields.fields);
            if !keys.any(|wanted| wanted.name == field.name) {
                return Err(format!("by {}, which is in no key of it there", field.name));
            }
        }
        Ok(())
    }

    /// Whether a representation holds all fields of a set; says which it does not.
    fn holds(
        &self,
        (_, readers, object): Sent,
        set: &[SetField],
        fields: &[RepresentationField],
    ) -> Result<(), String> {
        for wanted in set.iter().filter(|wanted| wanted.types.contains(object)) {
            let is_wanted = |field: &&RepresentationField| {
                let arguments = self.rows.readings.arguments[field.position.0 as usize];
                Self::is_for(field, object)
                    && field.name == wanted.name
                    && arguments.is_none_or(|arguments| arguments == wanted.arguments)
            };
            let Some(field) = fields.iter().find(is_wanted) else {
                return Err(wanted.name.to_string());
            };
            if wanted.fields.is_empty() {
                continue;
            }
            let at = field.position;
            let below = self.rows.below(readers, at, object);
            let types = self.rows.types(&below.readers);
            for nested in types
                .intersection(&self.narrowed.types[at.0 as usize])
                .iter()
            {
                let readers = self
                    .rows
                    .readers((at, &below.readers), nested, Some(self.fetch));
                self.holds((at, &readers, nested), &wanted.fields, &field.fields)
                    .map_err(|missing| format!("{}.{missing}", wanted.name))?;
            }
        }
        Ok(())
    }
}
