//! A connection whose writes fail when the peer reads nothing for too long: hyper has a limit for
//! requests alone.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

pub(super) struct Unstalled {
    inner: TokioIo<TcpStream>,
    patience: Duration,
    /// When a write that waits gives up.
    deadline: Pin<Box<Sleep>>,
    waiting: bool,
}

impl Unstalled {
    pub(super) fn new(stream: TcpStream, patience: Duration) -> Self {
        let deadline = Box::pin(sleep(patience));
        Self { inner: TokioIo::new(stream), patience, deadline, waiting: false }
    }

    /// Bounds a write that has to wait; progress starts the time anew.
    fn bound<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TokioIo<TcpStream>>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(result) = write(Pin::new(&mut self.inner), cx) {
            self.waiting = false;
            return Poll::Ready(result);
        }
        if !self.waiting {
            self.waiting = true;
            let now = Instant::now();
            self.deadline.as_mut().reset(now.checked_add(self.patience).unwrap_or(now));
        }
        ready!(self.deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Read for Unstalled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl Write for Unstalled {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.bound(cx, |inner, cx| inner.poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.bound(cx, |inner, cx| inner.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.bound(cx, |inner, cx| inner.poll_shutdown(cx))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.bound(cx, |inner, cx| inner.poll_write_vectored(cx, parts))
    }
}
