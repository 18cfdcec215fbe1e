//! One test binary for everything that a unit test inside a layer cannot say.

#[cfg(feature = "compose")]
mod world;
