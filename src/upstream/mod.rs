//! Named groups of endpoints and how to call them well.
