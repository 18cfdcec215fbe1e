//! The bytes of one client connection, between the socket and hyper.
//!
//! On HTTP/1 hyper gets only what the [`Scanner`] has found sound: pieces that are not whole yet are held back. Where a
//! head is unsound, hyper gets a request in its place that no client can send ([`Talk::refused`] knows it), so that the
//! refusal is an answer like any other, in its turn after those before it; where a body is, it breaks off. Nothing after
//! that is read. HTTP/2 passes as it is.

use super::{
    scan::{Fault, Limits, Scanner},
    seats::Seat,
    talk::Talk,
};
use bytes::{Buf, BytesMut};
use std::{
    future::Future,
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// What an HTTP/2 client begins with (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What hyper reads where a client sent an unsound head.
const IN_ITS_PLACE: &[u8] = b"GET * HTTP/1.1\r\nconnection: close\r\n\r\n";
/// How much is read at once where it is held.
const PIECE_BYTES: usize = 4096;
/// How much may come after an offer of another protocol before it is answered.
const EARLY_BYTES_MAX: usize = 16 * 1024;
/// How long, and how much, is read after the last answer from a client that is still sending. If the socket were closed
/// with something unread, the client's system would throw the answer away.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 512 * 1024;

/// Which protocol a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// A client's connection.
pub(super) struct Wire<S> {
    stream: S,
    reading: Reading,
    /// What has been read and not passed on.
    held: BytesMut,
    /// How much of it, from its beginning, may be.
    sound: usize,
    talk: Arc<Talk>,
    linger: Option<Linger>,
    _seat: Option<Seat>,
}

enum Reading {
    Scanned(Scanner),
    /// Whatever comes.
    Plain,
    /// No more; the body that was being read is broken.
    Broken(Fault),
    /// No more.
    Over,
}

struct Linger {
    alarm: Pin<Box<Sleep>>,
    bytes_left: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Nothing is read yet.
    pub(super) fn new(stream: S, limits: Limits, talk: Arc<Talk>, seat: Option<Seat>) -> Self {
        Self {
            stream,
            reading: Reading::Scanned(Scanner::new(limits)),
            held: BytesMut::new(),
            sound: 0,
            talk,
            linger: None,
            _seat: seat,
        }
    }

    /// Reads until it is clear what the client speaks. None: it left before.
    pub(super) async fn protocol(&mut self) -> io::Result<Option<Protocol>> {
        self.held.reserve(PIECE_BYTES);
        loop {
            if self.stream.read_buf(&mut self.held).await? == 0 {
                return Ok(None);
            }
            let length = self.held.len().min(PREFACE.len());
            if self.held[..length] != PREFACE[..length] {
                self.scan_held();
                return Ok(Some(Protocol::Http1));
            }
            if length == PREFACE.len() {
                self.reading = Reading::Plain;
                self.sound = self.held.len();
                return Ok(Some(Protocol::Http2));
            }
        }
    }

    /// Finds out how much of what is held may be passed on. Nothing of it has been found sound before.
    fn scan_held(&mut self) {
        let Reading::Scanned(scanner) = &mut self.reading else {
            return;
        };
        let (sound, outcome) = scanner.scan(&self.held);
        self.sound = sound;
        if let Err(fault) = outcome {
            self.end(fault);
        }
    }

    /// Reads no further than what has been found sound.
    fn end(&mut self, fault: Fault) {
        let in_head = matches!(&self.reading, Reading::Scanned(scanner) if scanner.is_at_head());
        self.held.truncate(self.sound);
        self.reading = if in_head {
            self.talk.refuse(fault);
            self.held.extend_from_slice(IN_ITS_PLACE);
            self.sound = self.held.len();
            Reading::Over
        } else {
            Reading::Broken(fault)
        };
    }

    /// Passes on what may be.
    fn pass(&mut self, buffer: &mut ReadBuf<'_>) {
        let length = self.sound.min(buffer.remaining());
        buffer.put_slice(&self.held[..length]);
        self.held.advance(length);
        self.sound -= length;
        if self.held.is_empty() {
            // Heads in several pieces are rare: the memory is not kept for the next one.
            self.held = BytesMut::new();
        }
    }

    /// Reads into what is held. How much came.
    fn poll_hold(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut piece = [MaybeUninit::uninit(); PIECE_BYTES];
        let mut piece = ReadBuf::uninit(&mut piece);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut piece))?;
        self.held.extend_from_slice(piece.filled());
        Poll::Ready(Ok(piece.filled().len()))
    }

    /// Reads, and passes on what is sound of it without a copy.
    fn poll_scanned(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let Reading::Scanned(scanner) = &mut self.reading else {
            return Poll::Ready(Ok(()));
        };
        let fresh = &buffer.filled()[before..];
        let (sound, outcome) = scanner.scan(fresh);
        match outcome {
            Ok(()) => self.held.extend_from_slice(&fresh[sound..]),
            Err(fault) => self.end(fault),
        }
        buffer.set_filled(before + sound);
        Poll::Ready(Ok(()))
    }

    /// Throws away what a client sends that has had its last answer.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let linger = self.linger.get_or_insert_with(|| Linger {
            alarm: Box::pin(sleep(LINGER)),
            bytes_left: LINGER_BYTES_MAX,
        });
        let mut piece = [MaybeUninit::uninit(); PIECE_BYTES];
        while linger.bytes_left > 0 && linger.alarm.as_mut().poll(context).is_pending() {
            let mut piece = ReadBuf::uninit(&mut piece);
            match ready!(Pin::new(&mut self.stream).poll_read(context, &mut piece)) {
                Ok(()) if !piece.filled().is_empty() => {
                    linger.bytes_left = linger.bytes_left.saturating_sub(piece.filled().len());
                }
                _ => break,
            }
        }
        Poll::Ready(())
    }

    /// Whether the client may still be sending a request that is not read to its end.
    fn is_cut_short(&self) -> bool {
        match &self.reading {
            Reading::Scanned(scanner) => !scanner.is_at_head(),
            Reading::Plain => false,
            Reading::Broken(_) | Reading::Over => true,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        loop {
            if wire.sound > 0 {
                wire.pass(buffer);
                return Poll::Ready(Ok(()));
            }
            let is_offered = match &wire.reading {
                Reading::Scanned(scanner) => scanner.is_offered(),
                Reading::Plain => return Pin::new(&mut wire.stream).poll_read(context, buffer),
                Reading::Broken(fault) => {
                    let why = io::Error::new(io::ErrorKind::InvalidData, fault.name());
                    return Poll::Ready(Err(why));
                }
                // Who waits for more than this waits for the answer, which needs nothing more.
                Reading::Over => return Poll::Pending,
            };
            if is_offered && wire.talk.has_switched() {
                wire.reading = Reading::Plain;
                wire.sound = wire.held.len();
            } else if is_offered {
                if wire.held.len() >= EARLY_BYTES_MAX {
                    return Poll::Pending;
                }
                // Read to notice when the client leaves.
                if ready!(wire.poll_hold(context))? == 0 {
                    return Poll::Ready(Ok(()));
                }
            } else if wire.held.is_empty() {
                let before = buffer.filled().len();
                ready!(wire.poll_scanned(context, buffer))?;
                let has_ended = wire.held.is_empty() && matches!(wire.reading, Reading::Scanned(_));
                if buffer.filled().len() > before || has_ended {
                    return Poll::Ready(Ok(()));
                }
            } else {
                if ready!(wire.poll_hold(context))? == 0 {
                    return Poll::Ready(Ok(()));
                }
                wire.scan_held();
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        ready!(Pin::new(&mut wire.stream).poll_shutdown(context))?;
        if wire.is_cut_short() {
            ready!(wire.poll_linger(context));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
