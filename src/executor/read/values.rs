//! Values, by the shape they should have.

use super::Reader;
use crate::executor::json::Malformed;
use crate::executor::leaf::{self, LeafType, item_type};
use crate::executor::rows::{Datum, RowId, Unfit};
use crate::executor::shape::{Composite, Key, Shape, Use};
use crate::planner::Leaf;
use crate::schema::{TypeId, TypeKind};
use apollo_compiler::ast::Type;
use smallvec::SmallVec;

/// How many numbers of a list are taken one by one when some of those that come next are not written the plain way.
const ONE_BY_ONE: usize = 8;

impl Reader<'_, '_> {
    /// An object, read into a fresh row. It begins here.
    pub(super) fn object(&mut self, shape: &Shape, row: RowId) -> Result<(), Malformed> {
        self.json.mark(b'{', "an object")?;
        if self.json.takes_mark(b'}') {
            return Ok(());
        }
        // What came before the type that decides its use, and what came after that: of several, the last one counts.
        let mut early: SmallVec<[(&Key, usize); 2]> = SmallVec::new();
        let mut type_to_come = shape.tells_type && self.rows.object(row).is_none();
        let mut expected = 0;
        loop {
            self.json.peek();
            let is_expected = |key: &&Key| self.json.takes(key.literal.as_bytes());
            let found = match shape.keys.get(expected).filter(is_expected) {
                Some(_) => Some(expected),
                None => shape.find(&self.json.key()?),
            };
            match found {
                Some(index) => {
                    expected = index + 1;
                    let key = &shape.keys[index];
                    if key.is_typename {
                        let start = self.json.value()?;
                        self.learn_type(row, self.json.since(start));
                        type_to_come = false;
                        self.each_use(key, row, start)?;
                    } else if key.depends_on_type && (type_to_come || !early.is_empty()) {
                        early.push((key, self.json.value()?));
                    } else if let [only] = &*key.uses {
                        self.only_use(only, row)?;
                    } else {
                        let start = self.json.value()?;
                        self.each_use(key, row, start)?;
                    }
                }
                None => {
                    self.json.value()?;
                }
            }
            if !self.json.comes_another(b'}')? {
                break;
            }
        }
        for (key, start) in early {
            self.each_use(key, row, start)?;
        }
        Ok(())
    }

    /// Learns the type of a row from its `__typename`, unless it is known already.
    fn learn_type(&mut self, row: RowId, name: &str) {
        if self.rows.object(row).is_none()
            && let Some(object) = self.object_type(name)
        {
            self.rows.set_object(row, object);
        }
    }

    fn object_type(&self, name: &str) -> Option<TypeId> {
        let supergraph = &self.program.supergraph;
        let id = supergraph.type_id(&leaf::string(name.as_bytes())?)?;
        (supergraph.ty(id).kind == TypeKind::Object).then_some(id)
    }

    /// Takes a value for the one use it has.
    fn only_use(&mut self, only: &Use, row: RowId) -> Result<(), Malformed> {
        if only.types.is_none() || only.applies_to(self.rows.object(row)) {
            return self.field(only, row);
        }
        self.json.value()?;
        Ok(())
    }

    /// Reads the value that begins at `start`, and ends here or before, for each use that applies.
    fn each_use(&mut self, key: &Key, row: RowId, start: usize) -> Result<(), Malformed> {
        let end = self.json.at();
        for one in &key.uses {
            if one.applies_to(self.rows.object(row)) {
                self.json.back_to(start);
                self.field(one, row)?;
            }
        }
        self.json.back_to(end);
        Ok(())
    }

    fn field(&mut self, field: &Use, row: RowId) -> Result<(), Malformed> {
        let datum = match &field.composite {
            Some(composite) => self.composite(composite, composite.lists)?,
            None => self.leaf(field.leaf.as_ref())?,
        };
        self.rows.set(row, field.slot, datum);
        Ok(())
    }

    /// An object, a list of objects, and so on; `lists`: how many of these are still to come.
    fn composite(&mut self, composite: &Composite, lists: u8) -> Result<Datum, Malformed> {
        match self.json.peek() {
            b'{' if lists == 0 => {
                let row = self.rows.add(composite.rows);
                self.object(&composite.shape, row)?;
                Ok(Datum::Object(row))
            }
            b'[' if lists > 0 => {
                self.json.mark(b'[', "a list")?;
                let base = self.stack.len();
                if !self.json.takes_mark(b']') {
                    loop {
                        let item = self.composite(composite, lists - 1)?;
                        self.stack.push(item);
                        if !self.json.comes_another(b']')? {
                            break;
                        }
                        if self.stack.len() - base == self.program.limits.list_items {
                            self.stack.truncate(base);
                            return self.skip_list();
                        }
                    }
                }
                Ok(Datum::List(self.rows.add_list(&mut self.stack, base)))
            }
            first => {
                self.json.value()?;
                Ok(match first {
                    b'n' => Datum::Null,
                    _ => Datum::Unfit(Unfit::Shape),
                })
            }
        }
    }

    /// Takes the rest of a list that has too many items. One of them is next.
    fn skip_list(&mut self) -> Result<Datum, Malformed> {
        loop {
            self.json.value()?;
            if !self.json.comes_another(b']')? {
                return Ok(Datum::Unfit(Unfit::Long));
            }
        }
    }

    fn leaf(&mut self, expected: Option<&LeafType>) -> Result<Datum, Malformed> {
        let first = self.json.peek();
        let start = self.json.at();
        self.json.reset_depth();
        let fits = match expected {
            Some(LeafType { ty, leaf }) => self.fits(ty, *leaf, first)?,
            None => {
                self.json.value()?;
                false
            }
        };
        if first == b'n' {
            return Ok(Datum::Null);
        }
        if self.json.depth() > self.program.limits.depth {
            return Ok(Datum::Unfit(Unfit::Deep));
        }
        if std::mem::take(&mut self.is_long) {
            return Ok(Datum::Unfit(Unfit::Long));
        }
        let text = self.body.text(start, self.json.at() - start);
        Ok(Datum::Leaf { text, fits })
    }

    /// Takes a value that begins here with `first`. True if it can be seen at a glance that it is what the type allows and
    /// can be copied as it stands; what is not so, is looked at when it is written.
    fn fits(&mut self, ty: &Type, leaf: Leaf, first: u8) -> Result<bool, Malformed> {
        match item_type(ty) {
            Some(inner) => self.list_fits(inner, leaf, first),
            None => self.scalar_fits(leaf, first),
        }
    }

    #[inline]
    fn scalar_fits(&mut self, leaf: Leaf, first: u8) -> Result<bool, Malformed> {
        match (leaf, first) {
            (Leaf::String | Leaf::Id, b'"') => {
                self.json.string()?;
                Ok(true)
            }
            (Leaf::Float, b'-' | b'0'..=b'9') => {
                self.json.number()?;
                Ok(true)
            }
            (Leaf::Int, b'-' | b'0'..=b'9') => {
                let start = self.json.at();
                let is_integer = self.json.number()?;
                Ok(is_integer && is_small(self.json.bytes_since(start)))
            }
            (Leaf::Boolean, b't' | b'f') => {
                self.json.scalar(first)?;
                Ok(true)
            }
            _ => {
                self.json.value()?;
                Ok(leaf == Leaf::Any)
            }
        }
    }

    fn list_fits(&mut self, inner: &Type, leaf: Leaf, first: u8) -> Result<bool, Malformed> {
        if first != b'[' {
            self.json.value()?;
            return Ok(false);
        }
        self.json.mark(b'[', "a list")?;
        let mut before = self.json.at();
        if self.json.takes_mark(b']') {
            return Ok(self.json.at() == before + 1);
        }
        let (lists, nullable) = (item_type(inner).is_some(), !inner.is_non_null());
        let numbers = !lists && matches!(leaf, Leaf::Int | Leaf::Float);
        let mut fits = true;
        let most = self.program.limits.list_items;
        let mut items = 0;
        let mut one_by_one = 0;
        loop {
            if numbers && one_by_one == 0 && self.json.at() == before {
                while let Some(run) = self.json.numbers(leaf == Leaf::Int) {
                    items += run.count;
                    if run.closes {
                        self.is_long |= items > most;
                        return Ok(fits);
                    }
                    before = self.json.at();
                }
                one_by_one = ONE_BY_ONE;
            }
            one_by_one = one_by_one.saturating_sub(1);
            items += 1;
            self.is_long |= items > most;
            let first = self.json.peek();
            let start = self.json.at();
            fits &= match first {
                b'n' => {
                    self.json.value()?;
                    nullable
                }
                _ if lists => self.fits(inner, leaf, first)?,
                _ => self.scalar_fits(leaf, first)?,
            };
            let end = self.json.at();
            let comes_another = self.json.comes_another(b']')?;
            // White space is not copied.
            fits &= start == before && self.json.at() == end + 1;
            if !comes_another {
                return Ok(fits);
            }
            before = self.json.at();
        }
    }
}

/// Whether a JSON integer is one of 32 bits, written as we would.
#[inline]
fn is_small(text: &[u8]) -> bool {
    let (digits, most) = match text {
        [b'-', digits @ ..] => (digits, b"2147483648"),
        digits => (digits, b"2147483647"),
    };
    match digits.len() {
        ..=9 => text != b"-0",
        10 => digits <= most.as_slice(),
        _ => false,
    }
}
