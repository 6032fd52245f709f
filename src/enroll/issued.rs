//! Tells of certificates that were issued, to those who act on them beside enrollment.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::model::RequestId;

/// Late ones that are remembered for somebody who asks: where nobody does, there are no more.
const MAX_LATE: usize = 4096;

/// News of issued certificates, whose rows are durable. One listener at a time.
#[derive(Default)]
pub struct IssuedNews {
    notify: Notify,
    late: Mutex<Vec<RequestId>>,
}

impl IssuedNews {
    /// A request was issued at once: its id is greater than those of all before.
    pub fn tell(&self) {
        self.notify.notify_one();
    }

    /// A request was issued that had waited: greater ids may have been issued before.
    pub fn tell_late(&self, id: RequestId) {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        if late.len() < MAX_LATE {
            late.push(id);
        }
        self.notify.notify_one();
    }

    /// Waits for news since the last time.
    pub async fn wait(&self) {
        self.notify.notified().await;
    }

    /// The requests that had waited, since the last time.
    pub fn take_late(&self) -> Vec<RequestId> {
        std::mem::take(&mut *self.late.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
