//! Protobuf's wire format, read by hand: the tests must not share their encoder with what they test.
//! See <https://protobuf.dev/programming-guides/encoding/>.

/// The fields of a message, in order.
pub struct Fields(Vec<(u64, Field)>);

#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    Varint(u64),
    Fixed64(u64),
    Bytes(Vec<u8>),
}

impl Fields {
    /// Reads a message.
    pub fn read(mut bytes: &[u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let field = match tag & 7 {
                0 => Field::Varint(varint(&mut bytes)),
                1 => Field::Fixed64(u64::from_le_bytes(take(&mut bytes, 8).try_into().unwrap())),
                2 => {
                    let length = varint(&mut bytes) as usize;
                    Field::Bytes(take(&mut bytes, length).to_vec())
                }
                other => panic!("wire type {other}"),
            };
            fields.push((tag >> 3, field));
        }
        Self(fields)
    }

    /// The messages in a field.
    pub fn messages(&self, number: u64) -> Vec<Self> {
        self.all(number).map(Self::read).collect()
    }

    /// The bytes of a field; none if it is not there.
    pub fn bytes(&self, number: u64) -> &[u8] {
        self.all(number).last().unwrap_or_default()
    }

    /// The text of a field; empty if it is not there.
    pub fn text(&self, number: u64) -> &str {
        std::str::from_utf8(self.bytes(number)).unwrap()
    }

    /// The number in a field; 0 if it is not there.
    pub fn number(&self, number: u64) -> u64 {
        let mut fields = self.0.iter().filter(|(known, _)| *known == number);
        match fields.next_back() {
            Some((_, Field::Varint(value) | Field::Fixed64(value))) => *value,
            Some((_, Field::Bytes(_))) => panic!("field {number} is no number"),
            None => 0,
        }
    }

    /// The float in a field; 0 if it is not there.
    pub fn float(&self, number: u64) -> f64 {
        f64::from_bits(self.number(number))
    }

    /// The 64-bit numbers in a packed field.
    pub fn packed(&self, number: u64) -> Vec<u64> {
        let numbers = self.all(number).flat_map(|bytes| bytes.chunks(8));
        numbers
            .map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()))
            .collect()
    }

    /// Whether the field is there.
    pub fn has(&self, number: u64) -> bool {
        self.0.iter().any(|(known, _)| *known == number)
    }

    fn all(&self, number: u64) -> impl Iterator<Item = &[u8]> {
        let fields = self.0.iter().filter(move |(known, _)| *known == number);
        fields.map(move |(_, field)| match field {
            Field::Bytes(bytes) => bytes.as_slice(),
            _ => panic!("field {number} is a number"),
        })
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}
