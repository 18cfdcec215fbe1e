//! How much of bodies may be in memory on their way into the cache. A client that reads slowly keeps what it has not read
//! yet, stored or not, and needs no more than a request for each.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// What is taken, of all bodies together, in bytes.
#[derive(Debug, Default)]
pub(super) struct Rooms(Arc<AtomicU64>);

/// Room for one body, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Room {
    all: Arc<AtomicU64>,
    bytes: AtomicU64,
}

impl Rooms {
    /// Room for so many bytes, if no more than `most` are then taken.
    pub(super) fn take(&self, bytes: u64, most: u64) -> Option<Arc<Room>> {
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        let room = Room {
            all: Arc::clone(&self.0),
            bytes: AtomicU64::new(bytes),
        };
        (before.saturating_add(bytes) <= most).then(|| Arc::new(room))
    }
}

impl Room {
    /// It was less, as is known now.
    pub(super) fn shrink(&self, bytes: u64) {
        let before = self.bytes.fetch_min(bytes, Ordering::Relaxed);
        let unused = before.saturating_sub(bytes);
        self.all.fetch_sub(unused, Ordering::Relaxed);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut();
        self.all.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    //! What is taken is given back, whatever becomes of it.

    use super::*;

    #[test]
    fn no_more_is_taken_than_there_is() {
        let rooms = Rooms::default();
        let taken = || rooms.0.load(Ordering::Relaxed);
        let one = rooms.take(60, 100).unwrap();
        assert!(rooms.take(41, 100).is_none());
        assert_eq!(taken(), 60);
        one.shrink(10);
        one.shrink(20);
        let two = rooms.take(90, 100).unwrap();
        assert_eq!(taken(), 100);
        let held = Arc::clone(&one);
        drop((one, two));
        assert_eq!(taken(), 10);
        drop(held);
        assert_eq!(taken(), 0);
    }
}
