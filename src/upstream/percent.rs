//! Parts of a hundred.

use serde::Deserialize;

/// A whole number of percent, from 0 to 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "u32")]
pub struct Percent(u32);

impl Percent {
    /// So many parts of a hundred, at most all.
    pub const fn new(percent: u32) -> Self {
        Self(if percent > 100 { 100 } else { percent })
    }

    /// From 0 to 100.
    pub(super) fn get(self) -> u32 {
        self.0
    }

    /// From 0 to 1.
    pub(super) fn ratio(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl TryFrom<u32> for Percent {
    type Error = String;

    fn try_from(percent: u32) -> Result<Self, String> {
        if percent <= 100 {
            Ok(Self(percent))
        } else {
            Err(format!("{percent} is no percentage; write 0 to 100"))
        }
    }
}
