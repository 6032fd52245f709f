//! Counts what is allocated, so that an input that makes more than it may is found.
#![allow(
    unsafe_code,
    reason = "an allocator is unsafe to write; this one hands on to the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, with two counts.
struct Counting;

#[global_allocator]
static MEMORY: Counting = Counting;

/// Bytes that are allocated.
static LIVE: AtomicUsize = AtomicUsize::new(0);
/// The most that were, since [`peak_of`] began.
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The most bytes that were allocated while `work` ran, beyond those before it. One at a time.
pub fn peak_of(work: impl FnOnce()) -> usize {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    work();
    PEAK.load(Ordering::Relaxed).saturating_sub(before)
}

fn taken(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
    PEAK.fetch_max(live, Ordering::Relaxed);
}

fn given(bytes: usize) {
    LIVE.fetch_sub(bytes, Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        given(layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        taken(size);
        given(layout.size());
        unsafe { System.realloc(pointer, layout, size) }
    }
}
